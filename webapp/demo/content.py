"""What the demo companies are made of: invented people, prices a contractor would recognise."""

from dataclasses import dataclass

USERS = (
    ("admin", "Alex Admin", ("owner", "admin")),
    ("manager", "Morgan Hale", ("manager",)),
    ("dispatcher", "Dana Ortiz", ("dispatcher",)),
    ("payroll", "Pat Lindqvist", ("payroll",)),
)


@dataclass(frozen=True, slots=True)
class Tech:
    """A technician; `supervisor` is a position in TECHNICIANS."""

    name: str
    pay_type: str
    base_pay_cents: int
    number: str
    phone: str
    color: str
    supervisor: int | None = 0
    rate_bps: int | None = None


TECHNICIANS = (
    Tech("Marcus Reed", "salary", 210_000, "E-101", "813-555-0111", "#0f766e", None, 900),
    Tech("Ana Delgado", "hourly", 3_200, "E-102", "813-555-0112", "#2563eb", 0, 850),
    Tech("Mike Johnson", "hourly", 2_800, "E-103", "813-555-0113", "#b45309", 0),
    Tech("Priya Natarajan", "hourly", 3_000, "E-104", "813-555-0114", "#7c3aed", 0),
    Tech("Tom Kowalski", "commission", 0, "E-105", "813-555-0115", "#be123c", 0, 1200),
    Tech("Leah Brooks", "hourly", 2_600, "E-106", "813-555-0116", "#0369a1", 1),
    Tech("Sam Okafor", "hourly", 2_500, "E-107", "813-555-0117", "#4d7c0f", 1),
    Tech("Jo Whitaker", "salary", 190_000, "E-108", "813-555-0118", "#a21caf", 0),
)

CATEGORIES: dict[str, tuple[tuple[str, str, int], ...]] = {
    "Maintenance": (
        ("AC tune-up", "MNT-AC", 14_900),
        ("Furnace tune-up", "MNT-FUR", 13_900),
        ("Annual comfort plan", "MNT-PLAN", 28_800),
        ("Drain line flush", "MNT-DRN", 9_900),
    ),
    "Repair": (
        ("Capacitor replacement", "REP-CAP", 28_500),
        ("Blower motor replacement", "REP-BLW", 89_500),
        ("Refrigerant leak repair", "REP-LEAK", 64_500),
        ("Thermostat, programmable", "REP-TST", 34_900),
        ("Water heater element", "REP-WHE", 31_000),
        ("Circuit breaker replacement", "REP-BRK", 26_500),
    ),
    "Installation": (
        ("3-ton heat pump, installed", "INS-HP3", 945_000),
        ("4-ton AC system, installed", "INS-AC4", 1_082_000),
        ("80% gas furnace, installed", "INS-FUR", 489_000),
        ("Tankless water heater, installed", "INS-TWH", 412_000),
        ("Panel upgrade 200 A", "INS-PNL", 378_000),
    ),
    "Indoor air quality": (
        ("UV air purifier", "IAQ-UV", 89_900),
        ("Whole-home dehumidifier", "IAQ-DEH", 284_000),
        ("Duct cleaning", "IAQ-DUCT", 54_900),
    ),
    "Diagnostics": (("Service call", "DIA-CALL", 8_900), ("After-hours call", "DIA-AFTER", 17_900)),
}

FIRST = ("Olivia", "Noah", "Emma", "Liam", "Sophia", "Lucas", "Mia", "Ethan", "Amara", "Henry", "Grace", "Jacob", "Nora",
         "Daniel", "Ruth", "Carlos", "Elena", "Victor", "Hannah", "Isaac", "Maya", "Owen", "Teresa", "Walter", "Yuki")  # fmt: skip
LAST = ("Bennett", "Carver", "Diaz", "Ellison", "Fischer", "Grant", "Huang", "Iverson", "Jansen", "Keller", "Lopez",
        "Mercer", "Novak", "Osborne", "Petrov", "Quinn", "Ramsey", "Sutton", "Tran", "Underwood", "Vance", "Weber",
        "Yates", "Zimmer", "O’Connell", "St. James")  # fmt: skip
COMPANIES = ("Bayshore Dental", "Palm Court Apartments", "Harbor Coffee Roasters", "Gulfside Property Group",
             "Ybor Print Shop", "Hillsborough Day School", "Sunset Lanes", "Channelside Lofts HOA")  # fmt: skip
STREETS = ("Oak St", "Bayshore Blvd", "Magnolia Ave", "Palm Dr", "Cypress Ln", "Himes Ave", "Azeele St", "Swann Ave",
           "Habana Ave", "Morrison Ave", "Sligh Ave", "River Cove Rd")  # fmt: skip
TOWNS = (("Tampa", "33602"), ("Tampa", "33605"), ("Tampa", "33606"), ("Tampa", "33609"), ("Tampa", "33611"),
         ("Tampa", "33629"), ("Tampa", "33618"), ("Tampa", "33647"), ("Brandon", "33510"), ("Brandon", "33511"),
         ("Riverview", "33569"), ("Lutz", "33548"), ("Clearwater", "33755"))  # fmt: skip
NOTES = ("", "", "", "Customer asked for the quiet model.", "Filter size 20×25×4.", "Gate code 4417.",
         "Paid on the spot.", "Compressor is 14 years old; quoted a replacement.", "Comfort plan explained.",
         "Second visit to finish the wiring.")  # fmt: skip
PAYMENT_TYPES = ("credit_card", "credit_card", "check", "cash", "financing", "ach")
