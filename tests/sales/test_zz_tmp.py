import threading, random, os, sys
from datetime import *
from tests.conftest import *
from tests.factories import pay
from tests.factories.world import PASSWORD
from webapp.kit import clock
from webapp.models import *
from webapp.kit.db import db
from webapp.sales.pay import closing, exports, manual, periods, posting
from werkzeug.serving import make_server

def fill(company):
    r=random.Random(5)
    with company.acting("manager"):
        o=db.session.get_one(Organization,company.tenant_id); o.display_name="Northwind Heating & Air"; o.name="Northwind Heating & Air LLC"; o.primary_color="#0e7490"; o.address="118 Larkspur Ln\nTampa, FL 33601"; o.phone="(813) 555-0114"
        boss=pay.technician("Bea Brandt", employee_number="E-100")
        techs=[pay.technician(n, supervisor_id=boss.id, employee_number=f"E-{101+i}") for i,n in enumerate(["Mike Johnson","Sam Okafor-Wellington","Jo Park","Luis Ortega","Dana Fields","Rae Kim"])]
        cats={c:pay.add(ItemCategory(name=c)).id for c in ("HVAC","Plumbing")}
        items=[pay.item(n,list_price_cents=p,category_id=cats[c]) for n,p,c in (("AC tune-up",18900,"HVAC"),("Furnace replacement, 96 % AFUE",850000,"HVAC"),("Water heater, 50 gal",240000,"Plumbing"),("Drain cleaning",32500,"Plumbing"))]
        names=["Evelyn Harper","Priya Natarajan","Tom & Ann Keller","José Álvarez","Smith Residence","Cedar Point HOA"]
        today=periods.today()
        pay.link(company.users["technician"], techs[0])
        def some(period, n, frac=0.85):
            for i in range(n):
                t=techs[i%len(techs)]; it=r.choice(items)
                last=min(period.end_date,today)
                d=period.start_date+timedelta(days=r.randrange((last-period.start_date).days+1))
                pay.sale(t, price=int(it.list_price_cents*r.uniform(.85,1)), rate_bps=r.choice([600,750,800]), ov_rate_bps=100, sold=it, sold_on=d, customer_name=r.choice(names), approved=r.random()<frac, splits={techs[(i+1)%3].id:3000} if i%7==1 and techs[(i+1)%3].id!=t.id else None)
        cur=periods.covering(today)
        day=cur.start_date-timedelta(days=1); past=[]
        for _ in range(5):
            p=periods.covering(day); past.append(p); day=p.start_date-timedelta(days=1)
        for p in reversed(past): some(p,24,0.95)
        some(cur,30,0.8)
    ids=[p.id for p in reversed(past)]
    for pid in ids[:-1]:
        with company.acting("manager"): closing.approve(pid)
        with company.acting("payroll"): closing.close(pid)
    with company.acting("manager"):
        def m(pid,t,k,c,why,ok=True):
            l=manual.add(pid, manual.Draft(technician_id=t.id,kind=k,amount_cents=c,reason=why))
            if ok: manual.approve(l.id)
        m(ids[-1],techs[0],"bonus",15000,"Most reviews in October")
        m(cur.id,techs[0],"bonus",10000,"Covered the Saturday shift")
        m(cur.id,techs[1],"guarantee",250000,"First three months")
        m(cur.id,techs[0],"draw",50000,"Advance asked for on Monday")
        m(cur.id,techs[2],"deduction",8500,"Broken torque wrench",False)
        m(cur.id,techs[0],"bonus",2500,"Found a lead",False)
        s=db.session.scalars(__import__("sqlalchemy").select(Sale).where(Sale.tenant_id==company.tenant_id, Sale.pay_period_id==ids[0], Sale.status=="approved", Sale.technician_id==techs[0].id)).first()
        pay.void(s)
        p1=ids[-1]
        return p1, cur.id, ids[-2], techs[0].id

def test_shots(app, company):
    prev, cur, closed, tid = fill(company)
    srv=make_server("127.0.0.1",0,app,threaded=True); port=srv.server_port
    th=threading.Thread(target=srv.serve_forever,daemon=True); th.start()
    from playwright.sync_api import sync_playwright
    base=f"http://127.0.0.1:{port}"
    only=os.environ.get("SHOTS","").split(",") if os.environ.get("SHOTS") else None
    office={"list":"/pay-periods","cur":f"/pay-periods/{cur}","pending":f"/pay-periods/{cur}?tab=pending","moved":f"/pay-periods/{prev}?tab=moved","prev":f"/pay-periods/{prev}","closed":f"/pay-periods/{closed}","tech":f"/pay-periods/{cur}/technicians/{tid}","comm":"/commissions?when=90-days","commp":"/commissions?when=90-days&by=period","plan":"/settings/pay"}
    dialogs={"close":(f"/pay-periods/{prev}","Close period"),"amount":(f"/pay-periods/{cur}","Add amount"),"reopen":(f"/pay-periods/{closed}",None)}
    with sync_playwright() as p:
        b=p.chromium.launch(executable_path="/usr/bin/chromium",args="--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run".split())
        def ctx(role,w,h,scheme):
            c=b.new_context(viewport={"width":w,"height":h},color_scheme=scheme); pg=c.new_page()
            pg.on("console",lambda m: print("CONSOLE",m.type,m.text) if m.type in("error","warning") else None)
            pg.goto(base+"/sign-in"); pg.fill("[name=business_code]",company.code); pg.fill("[name=username]",role); pg.fill("[name=password]",PASSWORD); pg.click("button[type=submit]"); pg.wait_for_load_state()
            return c,pg
        for w,h,scheme in ((1440,900,"light"),(390,844,"light"),(1440,900,"dark"),(390,844,"dark")):
            c,pg=ctx("admin",w,h,scheme); tag=f"{'d' if w>500 else 'p'}{scheme[0]}"
            if os.environ.get("TAGS") and tag not in os.environ["TAGS"]: c.close(); continue
            for n,u in office.items():
                if only and n not in only: continue
                r=pg.goto(base+u); pg.wait_for_timeout(600)
                if r.status!=200: print("STATUS",n,r.status,pg.inner_text("body")[:300])
                ov=pg.evaluate("document.documentElement.scrollWidth-innerWidth")
                if ov>0: print("OVERFLOW",n,tag,ov)
                pg.screenshot(path=f"/tmp/shot-{n}-{tag}.png",full_page=True)
            for n,(u,btn) in dialogs.items():
                if only and n not in only: continue
                pg.goto(base+u)
                if btn is None:
                    pg.get_by_text("More",exact=True).first.click(); pg.get_by_text("Open again").first.click()
                else: pg.get_by_text(btn,exact=True).first.click()
                pg.wait_for_timeout(600); pg.screenshot(path=f"/tmp/shot-{n}-{tag}.png")
            c.close()
            if w<500 and (not only or "own" in only):
                c,pg=ctx("technician",w,h,scheme); pg.goto(base+"/my/pay"); pg.locator("details summary").nth(1).click(); pg.wait_for_timeout(400); pg.screenshot(path=f"/tmp/shot-own-{tag}.png",full_page=True); c.close()
        b.close()
    srv.shutdown()
