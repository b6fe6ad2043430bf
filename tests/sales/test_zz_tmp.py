import time
from tests.sales.test_pay_closing import *
from tests.sales.test_pay_closing import fill
from webapp.sales.pay import exports, queries
from webapp.kit import pdf
def test_speed(company, monkeypatch):
    with company.acting(): pid=fill(company,1000)
    got={}
    from flask import render_template
    monkeypatch.setattr(pdf,"render",lambda t,**v: got.setdefault("h",render_template(t,**v)).encode())
    with company.acting():
        c=time.process_time(); exports.period_pdf(queries.period(pid)); print("render html cpu",round(time.process_time()-c,2))
        c=time.process_time(); exports.period_pdf(queries.period(pid)); print("render html cpu",round(time.process_time()-c,2))
    open("/tmp/p.html","w").write(got["h"])
