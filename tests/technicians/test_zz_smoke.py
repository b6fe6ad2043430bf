from tests.factories import people
from tests.factories.world import csrf_of
from webapp.customers import service
def test_smoke(company):
    with company.acting("admin"):
        a=people.customer(name="John Smith", phone="(512) 555-0123", address="123 Oak Street", city="Tampa", state="fl", zip="33601", tags=["VIP","Gold plan"], contacts=[{"name":"Mary Smith","phone":"512 555 0199"}])
        b=people.customer(name="Jon Smith", email="JOHN@example.com", address="99 Elm Ave", city="Tampa", state="fl", zip="33602", tags=["vip"])
        a_id,b_id=a.id,b.id
        for kw in [dict(name="John Smith"),dict(name="J Smith",phone="512-555-0123"),dict(name="Jane Doe",phone="512-555-0123"),dict(name="john smith",address="123 Oak St",zip_code="33601-1234"),dict(name="Nobody Else"),dict(name="Mary Smith",phone="512-555-0199")]:
            v=service.match(**kw); print(kw, v.certain and v.certain.id, v.unsure, [(c.id,c.score,c.reasons) for c in v.candidates])
    c=company.sign_in("admin")
    for u in ["/customers","/customers/new",f"/customers/{a_id}",f"/customers/{a_id}/edit",f"/customers/{a_id}/contacts/new",f"/customers/{a_id}/properties/new",f"/customers/{a_id}/merge",f"/customers/{a_id}/merge-with/{b_id}","/customers?q=smi+oak","/customers?tag=Gold+plan","/customers/options?q=smi","/customers?format=csv"]:
        r=c.get(u); print(u,r.status_code, len(r.data)); assert r.status_code==200, r.text[:3000]
    print(r.text)
    tok=csrf_of(c.get("/customers").text)
    r=c.post("/customers",data={"csrf_token":tok,"kind":"residential","name":"John Smith","phone":"555"}); print(r.status_code)
    r=c.post("/customers",data={"csrf_token":tok,"kind":"residential","name":"John Smith","phone":"5125550123"}); print(r.status_code, "Is it one" in r.text)
    r=c.post(f"/customers/{a_id}/merge-with/{b_id}",data={"csrf_token":tok}); print(r.status_code, r.headers["Location"])
    r=c.get(f"/customers/{a_id}"); print(r.text[-6000:])
    print(c.get(f"/customers/{b_id}").status_code)
    r=c.post(f"/customers/{b_id}/unmerge",data={"csrf_token":tok}); print(r.status_code, r.headers["Location"])
    api=company.api("admin")
    print(api.get("/admin/customers").json)
    print(api.get(f"/admin/customers/{b_id}").json)
