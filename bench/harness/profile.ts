import { caseNamed } from '../cases/index.ts';
const [c = '', n = '', scale = '1', runs = '5'] = process.argv.slice(2);
const prepared = await caseNamed(c)
  .contenders.find(x => x.name === n)!
  .prepare(Number(scale));
const out: string[] = [];
for (let i = 0; i < Number(runs); i++) {
  gc?.();
  const t = performance.now();
  const u = (process as any).threadCpuUsage();
  const o = await prepared.run();
  const v = (process as any).threadCpuUsage(u);
  out.push(
    `${(performance.now() - t).toFixed(0)}(${((v.user + v.system) / 1000).toFixed(0)}=${(((v.user + v.system) * 1000) / o.records).toFixed(1)}ns)`,
  );
}
console.log(out.join(' '));
