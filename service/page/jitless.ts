/** zod writes no code here: the content security policy forbids it, and zod asks by trying, which is reported. Comes first. */
import { config } from 'zod';

config({ jitless: true });
