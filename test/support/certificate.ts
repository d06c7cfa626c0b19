/** A certificate that signs itself, for `localhost`, made by openssl where there is one. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export const hasOpenSsl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Paths of the private key and of the certificate in `folder`. It is good for a day. */
export function makeCertificate(folder: string): { readonly key: string; readonly cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '1', '-keyout', key, '-out', cert, ...names], {
    stdio: 'ignore',
  });
  return { key, cert };
}
