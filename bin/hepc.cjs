#!/usr/bin/env node
// The command `hepc`. In a syntax that every Node can read, and without dependencies, so that one that is too old says so.
'use strict';

/**
 * As `engines` of package.json: by major version the oldest minor one.
 *
 * @type {Record<number, number | undefined>}
 */
var oldest = { 22: 19, 24: 15 };
var newest = 24;

var found = /^(\d+)\.(\d+)/.exec(process.versions.node) || [];
var major = Number(found[1]);
if (major > newest || Number(found[2]) >= Number(oldest[major])) {
  require('./start.cjs');
} else {
  process.stderr.write(
    'hepc needs Node 22.19 or newer, not 23, or 24.15 or newer, and this is Node ' + process.versions.node + '\n',
  );
  process.exitCode = 1;
}
