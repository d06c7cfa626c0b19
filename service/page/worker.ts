/** The worker of the page: the library's own, under a policy that allows WebAssembly and nothing else. */
import './jitless.ts';
import '../../runtime/worker-client/worker.ts';
