import init from 'node-seal';
import {compileSeal} from './compile-wasm.ts';
const m=await compileSeal(); let mem;
const seal=await init({instantiateWasm(i,cb){WebAssembly.instantiate(m,i).then(x=>{mem=x.exports.R;cb(x,m)});return {}}});
const mb=()=> (mem.buffer.byteLength/2**20).toFixed(0);
console.log('start',mb());
const N=+process.argv[2], bits=JSON.parse(process.argv[3]);
function ctx(primes,expand=true){const p=new seal.EncryptionParameters(seal.SchemeType.ckks);p.setPolyModulusDegree(N);p.setCoeffModulus(primes);const t=performance.now();const c=new seal.SEALContext(p,expand,seal.SecLevelType.tc128);console.log('ctx ms',performance.now()-t);return c;}
const v=seal.CoeffModulus.Create(N,Int32Array.from(bits)); const c=ctx(v); console.log('ctx',mb());
const low=new seal.VectorModulus(); for(const i of [0,1,bits.length-1]) low.push_back(v.get(i)); const c2=ctx(low,false); console.log('lower ctx',mb());
const e=new seal.CKKSEncoder(c); console.log('encoder',mb());
const ev=new seal.Evaluator(c);
const kg=new seal.KeyGenerator(c);
const steps=Int32Array.from({length:+process.argv[4]},(_, i)=>i+1);
let gb; {const g=kg.createGaloisKeysSerializableWithSteps(steps); console.log('made',mb()); gb=g.saveToArray(seal.ComprModeType.none); g.delete();}
console.log('file MB',gb.length/2**20, process.uptime(),'heap',mb());
const keep=[];
try { for(let i=0;i<+process.argv[5];i++){ const G=new seal.GaloisKeys(); keep.push(G); G.loadFromArray(c,gb); console.log('loaded',i,mb(),process.uptime()); } } catch(x){ console.log('caught',x?.constructor?.name,x.message, x instanceof Error); }
const pt=new seal.Plaintext(); const vals=new Float64Array(N/2).fill(.3).map((x,i)=>x*Math.sin(i));
let t=performance.now(); for(let i=0;i<10;i++) e.encode(vals,2**36,pt); console.log('encode top',(performance.now()-t)/10);
const e2=new seal.CKKSEncoder(c2); t=performance.now(); for(let i=0;i<10;i++) e2.encode(vals,2**36,pt); console.log('encode low',(performance.now()-t)/10);
