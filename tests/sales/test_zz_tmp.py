from tests.conftest import *
from datetime import *
from tests.factories import pay
from webapp.kit import clock
from webapp.models import *
from webapp.kit.db import db
from webapp.sales.pay import closing, exports, manual
import random
def test_pdf(company):
    EARLY=date(2026,11,3); r=random.Random(5)
    with clock.at(datetime(2026,11,18,17,tzinfo=UTC)), company.acting("manager"):
        o=db.session.get_one(Organization,company.tenant_id); o.display_name="Northwind Heating & Air"; o.name="Northwind Heating & Air LLC"; o.primary_color="#0e7490"; o.address="118 Larkspur Ln\nTampa, FL 33601"; o.phone="(813) 555-0114"
        boss=pay.technician("Bea Brandt", employee_number="E-100")
        techs=[pay.technician(n, supervisor_id=boss.id, employee_number=f"E-{101+i}") for i,n in enumerate(["Mike Johnson","Sam Okafor-Wellington","Jo Park"])]
        items=[pay.item(n,list_price_cents=p) for n,p in (("AC tune-up",18900),("Furnace replacement, 96 % AFUE",850000),("Water heater, 50 gal",240000))]
        names=["Evelyn Harper","Priya Natarajan","Tom & Ann Keller","José Álvarez","Smith Residence"]
        for i in range(26):
            t=techs[i%3]; it=r.choice(items)
            pay.sale(t, price=int(it.list_price_cents*r.uniform(.85,1)), rate_bps=750, ov_rate_bps=100, sold=it, sold_on=EARLY+timedelta(days=r.randrange(12)), customer_name=r.choice(names), approved=i%9!=0, splits={techs[(i+1)%3].id:3000} if i%4==0 else None)
        m=manual.add(pay.period_of(EARLY).id, manual.Draft(technician_id=techs[0].id,kind="bonus",amount_cents=15000,reason="Most reviews in October")); manual.approve(m.id)
        m=manual.add(pay.period_of(EARLY).id, manual.Draft(technician_id=techs[0].id,kind="guarantee",amount_cents=400000,reason="First three months")); manual.approve(m.id)
        m=manual.add(pay.period_of(EARLY).id, manual.Draft(technician_id=techs[0].id,kind="draw",amount_cents=50000,reason="Advance asked for on Nov 2")); manual.approve(m.id)
        p=pay.period_of(EARLY)
        open("/tmp/s_open.pdf","wb").write(exports.statement_pdf(p,techs[1].id))
        with company.acting("payroll"): pass
    with clock.at(datetime(2026,11,18,17,tzinfo=UTC)), company.acting("payroll"):
        p=closing.close(p.id)
        import time; t0=time.time()
        open("/tmp/s_closed.pdf","wb").write(exports.statement_pdf(p,techs[0].id)); print("statement",time.time()-t0); t0=time.time()
        open("/tmp/period.pdf","wb").write(exports.period_pdf(p)); print("period",time.time()-t0)
