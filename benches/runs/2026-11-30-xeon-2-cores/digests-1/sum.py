import json,sys,random
S='clear point useful complete readable'.split()
key=json.load(open('key.json')); 
import collections
def load(f): return [json.loads(l) for l in open(f) if l.strip()]
M=collections.defaultdict(list); D=collections.defaultdict(list)
for f in sys.argv[1:]:
    for d in load(f):
        n=key[d['id']][d['letter']]; M[(d['id'],n)].append(d)
for k in 'ds':
    names=sorted({n for (i,n) in M if i[0]==k})
    mean={n:{i:sum(sum(d[s] for s in S)/5 for d in v)/len(v) for (i,m),v in M.items() if m==n and i[0]==k} for n in names}
    for n in names:
        vs=[d for (i,m),v in M.items() if m==n and i[0]==k for d in v]
        print(k,n,'%.2f'%(sum(mean[n].values())/len(mean[n])),{s:round(sum(d[s] for d in vs)/len(vs),2) for s in S},'misl',sum(d['misleads'] for d in vs),len(vs))
    for a in names:
        for b in names:
            if a<b:
                ds=[mean[a][i]-mean[b][i] for i in mean[a] if i in mean[b]]; rng=random.Random(1); s0=abs(sum(ds)); p=sum(abs(sum(x if rng.random()<.5 else -x for x in ds))>=s0-1e-9 for _ in range(20000))/20000
                print('  ',a,'-',b,'%.2f p=%.4f'%(sum(ds)/len(ds),p))
