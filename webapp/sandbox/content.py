"""What a sandbox is made of: invented people and prices, small enough to be known after a minute."""

TECHNICIANS = (
    ("Marcus Reed", "salary", 210_000, "T-1", "813-555-0111"),
    ("Ana Delgado", "hourly", 3_200, "T-2", "813-555-0112"),
    ("Mike Johnson", "hourly", 2_800, "T-3", "813-555-0113"),
    ("Leah Brooks", "commission", 0, "T-4", "813-555-0116"),
)

# category → name, code, list price in cents
PRICE_BOOK: dict[str, tuple[tuple[str, str, int], ...]] = {
    "Maintenance": (("AC tune-up", "MNT-AC", 14_900), ("Furnace tune-up", "MNT-FUR", 13_900)),
    "Repair": (("Capacitor replacement", "REP-CAP", 28_500), ("Blower motor replacement", "REP-BLW", 89_500),
               ("Thermostat, programmable", "REP-TST", 34_900)),
    "Installation": (("3-ton heat pump, installed", "INS-HP3", 945_000),
                     ("Tankless water heater, installed", "INS-TWH", 412_000)),
}  # fmt: skip

# name, street, town, ZIP; of the first two also a company
CUSTOMERS = (
    ("Olivia Bennett", "412 Oak St", "Tampa", "33602", "Bayshore Dental"),
    ("Noah Carver", "77 Palm Dr", "Tampa", "33605", "Harbor Coffee Roasters"),
    ("Emma Diaz", "1804 Swann Ave", "Tampa", "33606", ""),
    ("Liam Ellison", "9 Cypress Ln", "Tampa", "33609", ""),
    ("Sophia Fischer", "2210 Himes Ave", "Tampa", "33611", ""),
    ("Lucas Grant", "315 Azeele St", "Tampa", "33629", ""),
    ("Mia Huang", "48 Magnolia Ave", "Brandon", "33510", ""),
    ("Ethan Keller", "560 Morrison Ave", "Brandon", "33511", ""),
    ("Amara Lopez", "71 River Cove Rd", "Riverview", "33569", ""),
    ("Henry Novak", "1290 Sligh Ave", "Lutz", "33548", ""),
)

# title, type, minutes, priority
WORK = (
    ("AC not cooling", "repair", 90, "high"),
    ("AC tune-up", "maintenance", 60, "normal"),
    ("Thermostat replacement", "installation", 60, "normal"),
    ("Water heater leaking", "repair", 120, "urgent"),
    ("Furnace tune-up", "maintenance", 60, "low"),
    ("Whole-home inspection", "inspection", 120, "normal"),
)
