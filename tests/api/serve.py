#!/usr/bin/env python3
"""Fake hosted APIs (stdlib only). One process: /stripe/v1, /gitlab/api/v4, /statuscake/v1, control under /_ctl.
serve.py --fixtures DIR [--port 8088] [--now ISO|unix] [--log requests.jsonl] [--latency S] [--fail-rate P] [--garbage P]
         [--rate-limit N] [--seed N] [--stripe-key K] [--gitlab-token T] [--statuscake-token T] [--truncate P]"""
import argparse,copy,datetime as D,json,os,random,re,sys,threading,time,urllib.parse as U
from http.server import BaseHTTPRequestHandler,ThreadingHTTPServer
A=argparse.ArgumentParser(); a=A.add_argument
a("--fixtures",required=True);a("--port",type=int,default=8088);a("--host",default="127.0.0.1");a("--now");a("--log",default="requests.jsonl")
a("--latency",type=float,default=0);a("--fail-rate",type=float,default=0);a("--garbage",type=float,default=0);a("--truncate",type=float,default=0);a("--rate-limit",type=int,default=0,help="429 after N requests per service per window");a("--rate-window",type=float,default=60);a("--seed",type=int,default=1)
a("--stripe-version",help="answer in the shapes of this version, whatever is asked");a("--stripe-key",default="rk_test_qd");a("--gitlab-token",default="glpat-qd");a("--statuscake-token",default="sc-qd");a("--job-seconds",type=float,default=2,help="a started job is running this long, then succeeds")
O=A.parse_args(); rnd=random.Random(O.seed); LOCK=threading.RLock()
def load(s,n,default=None):
    p=os.path.join(O.fixtures,s,n)
    if not os.path.exists(p): return default
    return json.load(open(p)) if n.endswith(".json") else open(p,"rb").read()
acc=load("stripe","account.json",{"now":int(time.time())})
def parse_now(v): return float(v) if re.fullmatch(r"[\d.]+",v) else D.datetime.fromisoformat(v.replace("Z","+00:00")).timestamp()
NOW0=parse_now(O.now) if O.now else acc["now"]; T0=time.time()
now=lambda:NOW0+(time.time()-T0 if ST["clock"] else 0)
ST={"clock":False,"latency":O.latency,"fail":O.fail_rate,"garbage":O.garbage,"truncate":O.truncate,"job":O.job_seconds,"limit":O.rate_limit,"force":[]}  # force: list of {match,status,times,headers,body}
iso=lambda t=None:D.datetime.fromtimestamp(now() if t is None else t,D.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
S={n:load("stripe",n+".json",{"data":[]})["data"] for n in("customers","subscriptions","subscription_items","charges","refunds","disputes","invoices","events","payouts","prices","products","coupons")}
DISC=load("stripe","discounts.json",{}); BAL=load("stripe","balance.json",{}); BYID={o["id"]:o for l in S.values() for o in l}; BYID.update(DISC)
G={n:load("gitlab",n+".json",[]) for n in("environments","deployments","pipelines","jobs","tags","merge_requests","incidents","releases","users")}; PROJ=load("gitlab","project.json",{"id":0,"path_with_namespace":"x"}); CMP=load("gitlab","compare.json",{}); TRACE=load("gitlab","trace.log",b"")
C={n:load("statuscake",n+".json",[]) for n in("uptime","ssl","heartbeat","pagespeed","contact-groups","maintenance-windows")}; CF=load("statuscake","uptime_full.json",{}); SER={n:load("statuscake",n+".json",{}) for n in("alerts","periods","history")}
SNAP=copy.deepcopy((S,G,C,CF)); IDEM={}; WIN={}
class Err(Exception):
    def __init__(s,code,body,h=None): s.code,s.body,s.h=code,body,h or {}
def serr(http,msg,typ="invalid_request_error",**k): return Err(http,{"error":{"message":msg,"type":typ,**k}})
# ---------------- Stripe ----------------
FILT={"customers":{"email"},"subscriptions":{"customer","price","collection_method","status"},"subscription_items":{"subscription"},"charges":{"customer","payment_intent"},"refunds":{"charge","payment_intent"},"disputes":{"charge","payment_intent"},"invoices":{"customer","status","subscription"},"events":{"type"},"payouts":{"status"},"prices":{"active","product","type","currency"},"products":{"active"},"coupons":set()}
def expand(o,paths):
    for p in paths:
        seg=p.split(".")
        if len(seg)>4: raise serr(400,"You cannot expand more than 4 levels of a property. Property: %s"%p)
        def go(x,s):
            if isinstance(x,list): return [go(y,s) for y in x]
            if not isinstance(x,dict) or not s: return x
            k=s[0]
            if k=="tiers" and "_tiers" in x: x["tiers"]=x["_tiers"]; return x
            if k=="tiers" and x.get("billing_scheme"): return x   # a per_unit price has no tiers key at all
            if k not in x: raise serr(400,"This property cannot be expanded (%s)."%k)
            v=x[k]
            if isinstance(v,str): v=copy.deepcopy(BYID.get(v,v))
            elif isinstance(v,list): v=[copy.deepcopy(BYID.get(y,y)) if isinstance(y,str) else y for y in v]
            x[k]=go(v,s[1:]); return x
        go(o,seg)
    return o
def strip(o):
    if isinstance(o,dict): return {k:strip(v) for k,v in o.items() if k!="_tiers"}
    return [strip(x) for x in o] if isinstance(o,list) else o
def legacy(o):   # shapes before 2025-03-31.basil (2022-11-15 in the tests)
    if isinstance(o,list): return [legacy(x) for x in o]
    if not isinstance(o,dict): return o
    o={k:legacy(v) for k,v in o.items()}
    if o.get("object")=="subscription":
        its=o["items"]["data"]; o["current_period_start"]=min(i["current_period_start"] for i in its); o["current_period_end"]=min(i["current_period_end"] for i in its)
        for i in its: i.pop("current_period_start",None); i.pop("current_period_end",None); i.pop("discounts",None)
        ds=o.pop("discounts",[]); x=ds[0] if ds else None; o["discount"]=legacy(copy.deepcopy(BYID.get(x,x)) if isinstance(x,str) else x)
    if o.get("object")=="discount" and "source" in o: c=o.pop("source")["coupon"]; o["coupon"]=copy.deepcopy(BYID.get(c,c)) if isinstance(c,str) else c
    if o.get("object")=="invoice": o["subscription"]=((o.get("parent") or {}).get("subscription_details") or {}).get("subscription"); o["paid"]=o["status"]=="paid"; o["paid_out_of_band"]=False; o["total_tax_amounts"]=[]; o["lines"]["data"]=[{**i,"proration":False,"type":"subscription"} for i in o["lines"]["data"]]
    return o
def stripe(m,path,q,body,hd):
    auth=hd.get("authorization",""); key=auth[7:] if auth.startswith("Bearer ") else None
    if auth.startswith("Basic "):
        import base64
        try: key=base64.b64decode(auth[6:]).decode().split(":")[0]
        except Exception: key=None
    if key is None: raise serr(401,"You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
    if key!=O.stripe_key:
        if key==O.stripe_key+"_limited": raise Err(403,{"error":{"message":"The provided key does not have the required permissions for this endpoint.","type":"invalid_request_error","code":"permission_error"}})
        raise serr(401,"Invalid API Key provided: %s****"%key[:8])
    ver=O.stripe_version or hd.get("stripe-version","2026-10-28.endive"); H={"Stripe-Version":ver,"Request-Id":"req_%08x"%rnd.getrandbits(32)}
    if not re.match(r"\d{4}-\d\d-\d\d(\.\w+)?$",ver): raise serr(400,"Invalid Stripe API version: %s"%ver)
    if m!="GET": raise serr(403,"This restricted key is read only.","invalid_request_error",code="permission_error")
    seg=path.strip("/").split("/"); ex=q.get("expand[]",[])+[v[0] for k,v in q.items() if re.fullmatch(r"expand\[\d+\]",k)]
    fin=lambda o:(200,strip(legacy(o) if ver<"2025-03-31" else o),H)
    if seg==["v1","balance"]: return fin(copy.deepcopy(BAL))
    if len(seg)<2 or seg[0]!="v1" or seg[1] not in S: raise serr(404,"Unrecognized request URL (%s: /%s)."%(m,"/".join(seg)))
    L=S[seg[1]]
    if len(seg)==3:
        if seg[2]=="search": raise serr(400,"Search is eventually consistent; not in this fake.")
        o=next((x for x in L if x["id"]==seg[2]),None)
        if not o: raise serr(404,"No such %s: '%s'"%(seg[1][:-1],seg[2]),code="resource_missing",param="id")
        return fin(expand(copy.deepcopy(o),ex))
    for k in q:
        b=re.sub(r"\[.*","",k)
        if b not in {"limit","starting_after","ending_before","expand","created","current_period_end","current_period_start","types","arrival_date"}|FILT[seg[1]]: raise serr(400,"Received unknown parameter: %s"%b,code="parameter_unknown",param=b)
    try: lim=int(q.get("limit",["10"])[0]); assert 1<=lim<=100
    except Exception: raise serr(400,"Invalid integer or out of range (1..100): limit",param="limit")
    for k,op in(("gt",lambda x,y:x>y),("gte",lambda x,y:x>=y),("lt",lambda x,y:x<y),("lte",lambda x,y:x<=y)):
        if "created[%s]"%k in q: v=int(q["created[%s]"%k][0]); L=[x for x in L if op(x["created"],v)]
    for k in FILT[seg[1]]:
        if k in q:
            v=q[k][0]
            if seg[1]=="subscriptions" and k=="status":
                if v=="all": continue
                if v=="ended": L=[x for x in L if x["status"] in("canceled","incomplete_expired")]; continue
            if k=="price": L=[x for x in L if any(i["price"]["id"]==v for i in x["items"]["data"])]
            elif k=="type" and v.endswith("*"): L=[x for x in L if x[k].startswith(v[:-1])]
            else: L=[x for x in L if str(x.get(k)).lower()==v.lower() or x.get(k)==v]
    if seg[1]=="subscriptions" and "status" not in q: L=[x for x in L if x["status"] not in("canceled","incomplete_expired")]
    if seg[1]=="events": L=[x for x in L if x["created"]>now()-30*86400]
    if "types[]" in q: L=[x for x in L if x["type"] in q["types[]"]]
    if "starting_after" in q:
        i=next((n for n,x in enumerate(L) if x["id"]==q["starting_after"][0]),None)
        if i is None: raise serr(400,"No such %s: '%s'"%(seg[1][:-1],q["starting_after"][0]),code="resource_missing",param="starting_after")
        L=L[i+1:]
    elif "ending_before" in q:
        i=next((n for n,x in enumerate(L) if x["id"]==q["ending_before"][0]),0); L=L[max(0,i-lim):i]
    pg={"object":"list","url":"/v1/"+seg[1],"has_more":len(L)>lim,"data":copy.deepcopy(L[:lim])}
    return fin(expand(pg,ex))
# ---------------- GitLab ----------------
ge=lambda c,msg,**h:Err(c,{"message":msg},h)
def gpage(L,q,base):
    try: pp=min(100,max(1,int(q.get("per_page",["20"])[0]))); p=max(1,int(q.get("page",["1"])[0]))
    except ValueError: raise Err(400,{"error":"page is invalid"})
    n=len(L); tp=-(-n//pp) or 1; u=lambda k:'<%s?%s>'%(base,U.urlencode([(a,b) for a,v in q.items() if a not in("page","per_page") for b in v]+[("page",k),("per_page",pp)]))
    links=[]
    if q.get("pagination")==["keyset"]:
        c=int(q.get("cursor",["0"])[0]); part=L[c:c+pp]; H={}
        if c+pp<n: H["Link"]='<%s?%s>; rel="next"'%(base,U.urlencode([(a,b) for a,v in q.items() if a!="cursor" for b in v]+[("cursor",c+pp)]))
        return 200,part,H
    if p>1: links.append(u(p-1)+'; rel="prev"')
    if p<tp: links.append(u(p+1)+'; rel="next"')
    links+= [u(1)+'; rel="first"',u(tp)+'; rel="last"']
    return 200,L[(p-1)*pp:p*pp],{"Link":", ".join(links),"X-Page":p,"X-Per-Page":pp,"X-Next-Page":p+1 if p<tp else "","X-Prev-Page":p-1 if p>1 else "","X-Total":n,"X-Total-Pages":tp}
def nid(L): return max([x["id"] for x in L] or [0])+1
def find(L,i,what):
    o=next((x for x in L if str(x["id"])==i),None)
    if not o: raise ge(404,"404 %s Not Found"%what)
    return o
def pstat(p,s): p.update(status=s,updated_at=iso()); p["detailed_status"]={**p.get("detailed_status",{}),"text":s,"label":s,"group":s}
def tick():
    for j in G["jobs"]:
        if j.get("_t") and j["status"] in("pending","running"):
            e=time.time()-j["_t"]
            if e>=ST["job"]:
                j.update(status="success",finished_at=iso(),duration=ST["job"]); j["started_at"]=j["started_at"] or iso()
                for d in G["deployments"]:
                    if d["deployable"] and d["deployable"]["id"]==j["id"]: d.update(status="success",updated_at=iso(),finished_at=iso()); d["deployable"]["status"]="success"
                p=next(x for x in G["pipelines"] if x["id"]==j["pipeline"]["id"])
                if not any(k["pipeline"]["id"]==p["id"] and k["status"] in("pending","running") for k in G["jobs"]): pstat(p,"success")
            elif e>=ST["job"]/4 and j["status"]=="pending": j.update(status="running",started_at=iso())
def startjob(src,new):
    j=copy.deepcopy(src) if new else src
    if new: j["id"]=nid(G["jobs"]); j["web_url"]=re.sub(r"\d+$",str(j["id"]),j["web_url"]); G["jobs"].insert(0,j)
    j.update(status="pending",created_at=iso(),started_at=None,finished_at=None,duration=None,_t=time.time()); j.pop("failure_reason",None)
    p=next(x for x in G["pipelines"] if x["id"]==j["pipeline"]["id"]); pstat(p,"running")
    if j["name"].startswith("deploy:"):
        e=next((e for e in G["environments"] if e["name"]==j["name"][7:]),None)
        if e: i=nid(G["deployments"]); G["deployments"].insert(0,{"id":i,"iid":i-300,"ref":j["ref"],"sha":j["commit"]["id"],"created_at":iso(),"updated_at":iso(),"finished_at":None,"user":G["users"][0],"environment":{k:e.get(k) for k in("id","name","slug","external_url","state")},"deployable":{k:v for k,v in j.items() if k!="_t"},"status":"running"})
    return j
pub=lambda o:[pub(x) for x in o] if isinstance(o,list) else ({k:v for k,v in o.items() if k!="_t"} if isinstance(o,dict) else o)
LISTP=("id","iid","project_id","sha","ref","status","source","created_at","updated_at","web_url","name")
def gitlab(m,path,q,body,hd):
    tok=hd.get("private-token") or (hd.get("authorization","")[7:] if hd.get("authorization","").startswith("Bearer ") else None) or q.get("private_token",[None])[0]
    if not tok: raise ge(401,"401 Unauthorized")
    ro=tok==O.gitlab_token+"-ro"
    if tok!=O.gitlab_token and not ro: raise ge(401,"401 Unauthorized")
    if ro and m!="GET": raise Err(403,{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api"})
    tick(); base="http://%s%s"%(hd.get("host","localhost"),"/gitlab"+path)
    if not path.startswith("/api/v4/"): raise Err(404,{"error":"404 Not Found"})
    s=[U.unquote(x) for x in path[8:].strip("/").split("/")]; n=len(s); g=lambda k,d=None:q.get(k,[d])[0]
    srt=lambda L,ob,dd:sorted(L,key=lambda x:(x.get(ob) or "") if not isinstance(x.get(ob),int) else x[ob],reverse=dd=="desc")
    if s==["version"]: return 200,{"version":"18.5.0-ee","revision":"qd"},{}
    if s==["user"]: return 200,G["users"][0],{}
    if s==["personal_access_tokens","self"]: return 200,{"id":1,"name":"qd","revoked":False,"created_at":iso(NOW0-86400),"scopes":["read_api"] if ro else ["api"],"user_id":1,"last_used_at":iso(),"active":True,"expires_at":iso(NOW0+9*86400)[:10]},{}
    if s==["projects"]: return gpage([PROJ],q,base)
    if s[0]!="projects" or s[1] not in(str(PROJ["id"]),PROJ["path_with_namespace"]): raise ge(404,"404 Project Not Found")
    s=s[2:]; n=len(s)
    if n==0: return 200,PROJ,{}
    r=s[0]
    if r=="environments":
        if n==1:
            L=[{k:v for k,v in e.items() if k!="last_deployment"} for e in G["environments"]]
            if g("name"): L=[e for e in L if e["name"]==g("name")]
            if g("states"): L=[e for e in L if e["state"]==g("states")]
            return gpage(L,q,base)
        e=copy.deepcopy(find(G["environments"],s[1],"Environment"))
        if n==3 and s[2]=="stop" and m=="POST": find(G["environments"],s[1],"")["state"]="stopped"; e["state"]="stopped"; return 200,e,{}
        ds=[d for d in G["deployments"] if d["environment"]["id"]==e["id"] and d["status"]=="success"]; e["last_deployment"]=max(ds,key=lambda d:d["id"]) if ds else None
        return 200,e,{}
    if r=="deployments":
        if n==1 and m=="GET":
            L=G["deployments"]; ob=g("order_by","id")
            if ob not in("id","iid","created_at","updated_at","finished_at"): raise Err(400,{"error":"order_by does not have a valid value"})
            if g("environment"): L=[d for d in L if d["environment"]["name"]==g("environment")]
            if g("status"): 
                if g("status") not in("created","running","success","failed","canceled","skipped","blocked"): raise Err(400,{"error":"status does not have a valid value"})
                L=[d for d in L if d["status"]==g("status")]
            if (g("updated_after") or g("updated_before")) and ob!="updated_at": raise Err(400,{"message":"400 Bad request - `updated_at` filter and `updated_at` sorting must be paired"})
            if (g("finished_after") or g("finished_before")) and (ob!="finished_at" or g("status")!="success"): raise Err(400,{"message":"400 Bad request - `finished_at` filter must be combined with `success` status filter and `finished_at` sorting"})
            if ob=="finished_at" and not(g("finished_after") or g("finished_before") or g("status") in("success","failed","canceled")): raise Err(400,{"message":"400 Bad request - `finished_at` sorting needs a finished filter or a finished status"})
            for k,f in(("updated_after","updated_at"),("finished_after","finished_at")):
                if g(k): L=[d for d in L if d[f] and d[f]>g(k)]
            for k,f in(("updated_before","updated_at"),("finished_before","finished_at")):
                if g(k): L=[d for d in L if d[f] and d[f]<g(k)]
            return gpage(srt(L,ob,g("sort","asc")),q,base)
        if n==1 and m=="POST":
            e=next((e for e in G["environments"] if e["name"]==body.get("environment")),None); miss=[k for k in("environment","sha","ref","tag","status") if k not in body]
            if miss: raise Err(400,{"error":", ".join(x+" is missing" for x in miss)})
            if not e: raise ge(400,"400 Bad request - environment")
            i=nid(G["deployments"]); d={"id":i,"iid":i-300,"ref":body["ref"],"sha":body["sha"],"created_at":iso(),"updated_at":iso(),"finished_at":None,"user":G["users"][0],"environment":{k:e.get(k) for k in("id","name","slug","external_url","state")},"deployable":None,"status":body["status"]}; G["deployments"].insert(0,d); return 201,d,{}
        d=find(G["deployments"],s[1],"Deployment")
        if n==3 and s[2]=="merge_requests": return gpage([x for x in G["merge_requests"] if x["merge_commit_sha"]==d["sha"]],q,base)
        if m=="PUT":
            if body.get("status") not in("running","success","failed","canceled"): raise Err(400,{"error":"status does not have a valid value"})
            if d["deployable"]: raise ge(403,"403 Forbidden")   # job-driven deployments are updated by the job
            d.update(status=body["status"],updated_at=iso()); return 200,d,{}
        if m=="DELETE": G["deployments"].remove(d); return 204,None,{}
        return 200,d,{}
    if r=="pipelines":
        if n==1:
            L=G["pipelines"]
            for k in("ref","status","sha","source"):
                if g(k): L=[p for p in L if p[k]==g(k)]
            if g("updated_after"): L=[p for p in L if p["updated_at"]>g("updated_after")]
            st,L,H=gpage(srt(L,g("order_by","id"),g("sort","desc")),q,base); return st,[{k:p.get(k) for k in LISTP} for p in L],H
        if s[1]=="latest": return 200,max([p for p in G["pipelines"] if not g("ref") or p["ref"]==g("ref")],key=lambda p:p["id"]),{}
        p=find(G["pipelines"],s[1],"Pipeline")
        if n==2: 
            if m=="DELETE": G["pipelines"].remove(p); return 204,None,{}
            return 200,p,{}
        J=[j for j in G["jobs"] if j["pipeline"]["id"]==p["id"]]; newest={}
        for j in sorted(J,key=lambda j:j["id"]): newest[j["name"]]=j
        if s[2]=="jobs":
            L=J if g("include_retried")=="true" else list(newest.values())
            sc=q.get("scope[]",q.get("scope",[]))
            if sc: L=[j for j in L if j["status"] in sc]
            st,L,H=gpage(srt(L,"id","desc"),q,base); return st,pub(L),H
        if s[2]=="variables": return 200,p.get("_vars",[]),{}
        if s[2]=="retry" and m=="POST":
            for j in newest.values():
                if j["status"] in("failed","canceled"): startjob(j,True)
            return 201,p,{}
        if s[2]=="cancel" and m=="POST":
            for j in newest.values():
                if j["status"] in("running","pending","created"): j.update(status="canceled",finished_at=iso()); [d.update(status="canceled",updated_at=iso()) for d in G["deployments"] if d["deployable"] and d["deployable"]["id"]==j["id"]]
            pstat(p,"canceled"); return 200,p,{}
    if r=="pipeline" and m=="POST":
        ref=body.get("ref") or g("ref")
        if not ref: raise Err(400,{"error":"ref is missing"})
        t=next((t for t in G["tags"] if t["name"]==ref),None)
        if not t and ref!=PROJ["default_branch"]: raise Err(400,{"message":{"base":["Reference not found"]}})
        c=(t or G["tags"][0])["commit"]; i=nid(G["pipelines"]); p=copy.deepcopy(G["pipelines"][0]); p.update(id=i,iid=i-1000,sha=c["id"],ref=ref,tag=bool(t),source="api",created_at=iso(),updated_at=iso(),started_at=None,finished_at=None,duration=None,web_url=re.sub(r"\d+$",str(i),p["web_url"]),_vars=body.get("variables",[])); pstat(p,"created"); G["pipelines"].insert(0,p)
        for nm,sg in(("test","test"),("deploy:staging","deploy"),("deploy:production","deploy")):
            j=copy.deepcopy(next(x for x in G["jobs"] if x["name"]==nm)); j.update(id=nid(G["jobs"]),ref=ref,commit=c,status="manual" if nm=="deploy:production" else "created",created_at=iso(),started_at=None,finished_at=None,duration=None,pipeline={k:p[k] for k in("id","iid","project_id","sha","ref","status","source","created_at","updated_at","web_url")}); G["jobs"].insert(0,j)
            if nm!="deploy:production": startjob(j,False)
        return 201,{k:v for k,v in p.items() if k!="_vars"},{}
    if r=="jobs":
        if n==1:
            sc=q.get("scope[]",q.get("scope",[])); st,L,H=gpage([j for j in srt(G["jobs"],"id","desc") if not sc or j["status"] in sc],q,base); return st,pub(L),H
        j=find(G["jobs"],s[1],"Not")
        if n==2: return 200,pub(j),{}
        if s[2]=="trace":
            b=TRACE
            if j.get("_t") and j["status"]!="success": b=TRACE[:int(len(TRACE)*min(1,(time.time()-j["_t"])/ST["job"]))]
            if j["status"] in("manual","created","skipped"): b=b""
            mm=re.fullmatch(r"bytes=(\d+)-(\d*)",hd.get("range",""))
            if mm:
                lo=int(mm[1]); hi=min(len(b)-1,int(mm[2]) if mm[2] else len(b)-1)
                if lo>=len(b): raise Err(416,b"",{"Content-Range":"bytes */%d"%len(b)})
                return 206,b[lo:hi+1],{"Content-Type":"text/plain","Content-Range":"bytes %d-%d/%d"%(lo,hi,len(b))}
            return 200,b,{"Content-Type":"text/plain"}
        if m=="POST":
            if s[2]=="retry":
                if j["status"] in("running","pending","created","manual"): raise ge(403,"403 Forbidden - Job is not retryable")
                return 201,pub(startjob(j,True)),{}
            if s[2]=="play":
                if j["status"] not in("manual","scheduled"): raise ge(400,"400 Bad request - Unplayable Job")
                return 200,pub(startjob(j,False)),{}
            if s[2]=="cancel":
                if j["status"] in("running","pending","created"): j.update(status="canceled",finished_at=iso()); [d.update(status="canceled",updated_at=iso()) for d in G["deployments"] if d["deployable"] and d["deployable"]["id"]==j["id"]]
                return 201,pub(j),{}
    if r=="repository":
        if s[1:2]==["tags"]:
            if m=="POST":
                nm=body.get("tag_name") or g("tag_name"); rf=body.get("ref") or g("ref")
                if not nm or not rf: raise Err(400,{"error":"tag_name is missing" if not nm else "ref is missing"})
                if any(t["name"]==nm for t in G["tags"]): raise ge(400,"Tag %s already exists"%nm)
                t=copy.deepcopy(G["tags"][0]); t.update(name=nm,message=body.get("message",""),release=None,created_at=iso()); G["tags"].insert(0,t); return 201,t,{}
            if n==3:
                t=next((t for t in G["tags"] if t["name"]==s[2]),None)
                if not t: raise ge(404,"404 Tag Not Found")
                return 200,t,{}
            L=G["tags"]; se=g("search")
            if se: L=[t for t in L if (t["name"].startswith(se[1:]) if se[0]=="^" else se in t["name"])]
            if g("order_by")=="version": L=sorted(L,key=lambda t:[int(x) if x.isdigit() else -1 for x in t["name"].split(".")],reverse=g("sort","desc")=="desc")
            elif g("order_by")=="name": L=sorted(L,key=lambda t:t["name"],reverse=g("sort","desc")=="desc")
            return gpage(L,q,base)
        if s[1:2]==["compare"]:
            k="%s...%s"%(g("from"),g("to"))
            if k in CMP: return 200,CMP[k],{}
            tn={t["name"]:t for t in G["tags"]}
            if g("from") in tn and g("to") in tn: return 200,{"commit":tn[g("to")]["commit"],"commits":[tn[g("to")]["commit"]],"diffs":[],"compare_timeout":False,"compare_same_ref":g("from")==g("to"),"web_url":"http://x"},{}
            raise ge(404,"404 Ref Not Found")
        if s[1:2]==["commits"]: return gpage([t["commit"] for t in G["tags"]],q,base)
    if r=="releases": return gpage(G["releases"],q,base)
    if r=="merge_requests": return gpage([x for x in G["merge_requests"] if not g("state") or x["state"]==g("state")],q,base)
    if r=="issues":
        L=[x for x in G["incidents"] if (not g("state") or x["state"]==g("state")) and (not g("issue_type") or x["issue_type"]==g("issue_type"))]
        if n==2 and m=="PUT":
            x=next((x for x in G["incidents"] if str(x["iid"])==s[1]),None)
            if not x: raise ge(404,"404 Not found")
            if body.get("state_event")=="close": x.update(state="closed",closed_at=iso())
            return 200,x,{}
        return gpage(L,q,base)
    raise Err(404,{"error":"404 Not Found"})
# ---------------- StatusCake ----------------
def ce(c,msg,**e): return Err(c,{"message":msg,"errors":e})
def statuscake(m,path,q,body,hd):
    if hd.get("authorization")!="Bearer "+O.statuscake_token: raise ce(401,"Unauthorized")
    s=path.strip("/").split("/"); n=len(s)
    if s[0]!="v1" or n<2: raise ce(404,"Not found")
    r=s[1]; g=lambda k,d=None:q.get(k,[d])[0]
    def num(k,d,lo,hi):
        try: v=int(g(k,d)); assert lo<=v<=hi; return v
        except Exception: raise ce(400,"The provided parameters are invalid",**{k:["must be between %d and %d"%(lo,hi)]})
    if m in("POST","PUT") and "application/x-www-form-urlencoded" not in hd.get("content-type",""): raise ce(415,"Unsupported media type")
    if r in C and n==2:
        if m=="POST" and r=="maintenance-windows":
            e={k:["is required"] for k in("name","start_at","end_at","timezone") if not body.get(k)}
            tests=body.get("tests[]",[]); tags=body.get("tags[]",[]); tests=[tests] if isinstance(tests,str) else tests; tags=[tags] if isinstance(tags,str) else tags
            if not tests and not tags: e["tests"]=["at least one of tests and tags is required"]
            if [t for t in tests if t not in CF]: e["tests"]=["unknown test"]
            if not e:
                try:
                    b,f=(D.datetime.fromisoformat(body[k].replace("Z","+00:00")) for k in("start_at","end_at"))
                    if f<=b: e["end_at"]=["must be after start_at"]
                except ValueError: e["start_at"]=["must be RFC3339"]
            if e: raise ce(400,"The provided parameters are invalid",**e)
            i=str(max([int(x["id"]) for x in C[r]] or [300])+1); C[r].append({"id":i,"name":body["name"],"start_at":body["start_at"],"end_at":body["end_at"],"repeat_interval":body.get("repeat_interval","never"),"state":"active" if b.timestamp()<=now()<f.timestamp() else "pending","tags":tags,"tests":tests,"timezone":body["timezone"]}); return 201,{"data":{"new_id":i}},{}
        L=C[r]
        if g("status"): L=[x for x in L if x.get("status")==g("status")]
        if g("state"): L=[x for x in L if x.get("state")==g("state")]
        if g("tags"): w=set(g("tags").split(",")); L=[x for x in L if (w&set(x["tags"]) if "matchany" in q else w<=set(x["tags"]))]
        if "nouptime" in q: L=[{k:v for k,v in x.items() if k!="uptime"} for x in L]
        pp=num("limit","25",1,100); p=num("page","1",1,10**6)
        return 200,{"data":L[(p-1)*pp:p*pp],"metadata":{"page":p,"per_page":pp,"page_count":-(-len(L)//pp),"total_count":len(L)}},{}
    if r in C and n>=3:
        o=next((x for x in C[r] if x["id"]==s[2]),None)
        if not o: raise ce(404,"Not found")
        if n==4 and r=="uptime" and s[3] in SER:
            L=SER[s[3]].get(s[2],[]); f="triggered_at" if s[3]=="alerts" else "created_at"; ut=lambda x:D.datetime.fromisoformat(x[f]).timestamp(); lim=num("limit","25",1,100)
            if g("before"): L=[x for x in L if ut(x)<int(g("before"))]
            if g("after"): L=[x for x in L if ut(x)>int(g("after"))]
            base="http://%s/statuscake%s"%(hd.get("host"),path); lk={"self":base+"?limit=%d"%lim}
            if len(L)>lim: lk["next"]=base+"?limit=%d&before=%d"%(lim,ut(L[lim-1]))
            return 200,{"data":L[:lim],"links":lk},{}
        if m=="GET": return 200,{"data":CF[s[2]] if r=="uptime" else o},{}
        if m=="PUT":
            ch={k:(v in("true","1") if k=="paused" else int(v) if k in("check_rate","period") else v) for k,v in body.items() if k in("name","paused","check_rate","period","website_url","start_at","end_at","timezone")}
            if not ch: raise ce(400,"The provided parameters are invalid",paused=["nothing to update"])
            o.update(ch); CF.get(s[2],{}).update(ch) if r=="uptime" else None; return 204,None,{}
        if m=="DELETE": C[r].remove(o); return 204,None,{}
    raise ce(404,"Not found")
def ctl(m,path,q,body,hd):
    global S,G,C,CF
    if path=="/_ctl/set": ST.update({k:v for k,v in body.items() if k in ST}); return 200,ST,{}
    if path=="/_ctl/reset":
        x=copy.deepcopy(SNAP); S.update(x[0]);G.update(x[1]);C.update(x[2]);CF.update(x[3]); WIN.clear(); ST.update(force=[],latency=O.latency,fail=O.fail_rate,garbage=O.garbage,limit=O.rate_limit); return 200,{},{}
    return 200,{"now":now(),"state":ST},{}
SVC={"stripe":stripe,"gitlab":gitlab,"statuscake":statuscake}
class Hn(BaseHTTPRequestHandler):
    protocol_version="HTTP/1.1"; server_version="nginx"; sys_version=""
    def log_message(s,*a): pass
    def go(s):
        t=time.time(); u=U.urlsplit(s.path); q=U.parse_qs(u.query,keep_blank_values=True); hd={k.lower():v for k,v in s.headers.items()}
        raw=s.rfile.read(int(hd.get("content-length") or 0)); ct=hd.get("content-type","")
        body={}; bad=None
        if raw:
            if "json" in ct:
                try: body=json.loads(raw)
                except ValueError: bad=Err(400,{"error":"Invalid JSON"})
            else: body={k:(v if k.endswith("[]") else v[-1]) for k,v in U.parse_qs(raw.decode("utf8","replace"),keep_blank_values=True).items()}
        svc,_,rest=u.path.strip("/").partition("/"); code,out,H=404,{"error":"not found"},{}; mode=None
        with LOCK:
            try:
                if bad: raise bad
                if svc=="_ctl": code,out,H=ctl(s.command,u.path,q,body,hd)
                elif svc in SVC:
                    f=next((f for f in ST["force"] if f.get("times",1)>0 and re.search(f["match"],s.path)),None)
                    if f:
                        f["times"]=f.get("times",1)-1; code,out,H=f["status"],f.get("body",{"message":"forced"}),dict(f.get("headers",{})); mode="forced"
                    else:
                        w=WIN.setdefault(svc,[t,0]); 
                        if t-w[0]>O.rate_window: w[:]=[t,0]
                        w[1]+=1; left=max(0,int(w[0]+O.rate_window-t)+1); rl={}
                        lim=ST["limit"] or 600
                        if svc=="gitlab": rl={"RateLimit-Limit":lim,"RateLimit-Observed":w[1],"RateLimit-Remaining":max(0,lim-w[1]),"RateLimit-Reset":int(t)+left,"RateLimit-Name":"throttle_authenticated_api"}
                        if svc=="statuscake": rl={"x-ratelimit-limit":"%d, %d;w=60, 5;w=1"%(lim,lim),"x-ratelimit-remaining":max(0,lim-w[1]),"x-ratelimit-reset":left}
                        if ST["limit"] and w[1]>ST["limit"]:
                            mode="429"; b={"stripe":{"error":{"message":"Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.","type":"invalid_request_error","code":"rate_limit"}},"gitlab":{"message":{"error":"This endpoint has been requested too many times. Try again later."}},"statuscake":{"message":"Too many requests"}}[svc]
                            raise Err(429,b,{**rl,**({"Retry-After":left} if svc=="gitlab" else {"Stripe-Should-Retry":"true"} if svc=="stripe" else {})})
                        if rnd.random()<ST["fail"]: mode="fail"; raise Err(rnd.choice([500,502,503]),b"<html><body><h1>502 Bad Gateway</h1></body></html>",{"Content-Type":"text/html"})
                        code,out,H=SVC[svc](s.command,"/"+rest,q,body,hd); H={**rl,**H}
            except Err as e: code,out,H=e.code,e.body,e.h
            except Exception as e: code,out,H=500,{"message":"fake server bug: %r"%e},{}; mode="bug"
            data=b"" if out is None else out if isinstance(out,bytes) else json.dumps(out,ensure_ascii=False).encode()
            lat=ST["latency"] if svc!="_ctl" else 0
            if svc in SVC and code<300 and data and rnd.random()<ST["garbage"]: data=rnd.choice([b"\x00\xff\xfe not json",data[:len(data)//2],b"[]",b"null",b'{"unexpected":true}',b""]); mode="garbage"
            trunc=svc in SVC and len(data)>10 and rnd.random()<ST["truncate"]
            open(O.log,"a").write(json.dumps({"t":round(t,3),"method":s.command,"path":u.path,"query":u.query,"body":raw.decode("utf8","replace"),"headers":{k:v for k,v in hd.items() if k in("stripe-version","content-type","user-agent","range","accept","idempotency-key")},"auth":bool(hd.get("authorization") or hd.get("private-token")),"status":code,"mode":mode,"bytes":len(data)})+"\n")
        if lat: time.sleep(lat)
        try:
            s.send_response(code); H.setdefault("Content-Type","application/json")
            for k,v in H.items(): s.send_header(k,str(v))
            s.send_header("Content-Length",str(len(data))); s.end_headers()
            if s.command!="HEAD":
                if trunc: s.wfile.write(data[:len(data)//2]); s.wfile.flush(); s.close_connection=True; s.connection.close(); return
                s.wfile.write(data)
        except OSError: pass
    do_GET=do_POST=do_PUT=do_DELETE=do_PATCH=do_HEAD=go
if __name__=="__main__":
    server=ThreadingHTTPServer((O.host,O.port),Hn)   # port 0: any free one, which the line below names
    print("serving %s on http://%s:%d  /stripe /gitlab /statuscake  now=%s"%(O.fixtures,O.host,server.server_address[1],iso()),flush=True)
    server.serve_forever()
