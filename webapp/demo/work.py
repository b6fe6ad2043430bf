"""What the demo's technicians do: work a contractor would recognise, who can do it, what is found and what is done."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of job. `needs`: skill → level. `code`: the item of the price book it is quoted by. `done`: outcomes."""

    title: str
    kind: str
    minutes: int
    needs: tuple[tuple[str, int], ...]
    unit: str  # the equipment it is about, if any
    code: str
    said: tuple[str, ...]  # what the customer said on the phone
    done: tuple[str, ...]
    weight: int = 3


WORKS = (
    Work("AC not cooling", "repair", 90, (("HVAC diagnostics", 2),), "Air conditioner", "REP-CAP",
         ("Blows warm since this morning. Breaker was reset once.", "Runs all night, house stays at 82.",
          "Outside unit hums but the fan does not turn."),
         ("Replaced the dual capacitor 45/5 µF, checked the charge. Supply 54 °F.",
          "Cleaned the condenser coil and replaced the contactor. Split 19 °F.",
          "Fan motor was seized; replaced motor and capacitor."), 7),
    Work("AC tune-up", "maintenance", 60, (("HVAC diagnostics", 2),), "Air conditioner", "MNT-AC",
         ("Spring tune-up of the comfort plan.", "Yearly service; please check the drain line."),
         ("Coils cleaned, drain flushed, charge within 2 psi. Capacitor at 92%.",
          "Tune-up complete; filter changed. Suggested a UV light."), 6),
    Work("Water leaking at the air handler", "repair", 60, (("HVAC diagnostics", 2),), "Air handler", "MNT-DRN",
         ("Ceiling under the attic unit is wet.", "Float switch shuts it off every few hours."),
         ("Cleared the drain line with nitrogen, added a cleanout and pan tablets.",
          "Primary drain was blocked with algae; flushed and tested the float switch."), 4),
    Work("Refrigerant leak search", "repair", 120, (("EPA 608", 3), ("HVAC diagnostics", 3)), "Air conditioner", "REP-LEAK",
         ("Topped up twice this summer, loses cooling again.",),
         ("Found the leak at the evaporator braze joint, repaired, evacuated to 400 microns, charged 5.2 lb R-410A.",
          "Schrader cores leaked; replaced both and pulled a deep vacuum."), 2),
    Work("Heat pump not heating", "repair", 90, (("Heat pumps", 3),), "Heat pump", "REP-BLW",
         ("Only the auxiliary heat comes on.", "Outdoor unit is iced over."),
         ("Reversing valve solenoid replaced; heating at 98 °F supply.",
          "Defrost board was faulty; replaced and cycled twice."), 3),
    Work("Thermostat replacement", "installation", 45, (("HVAC diagnostics", 2),), "", "REP-TST",
         ("Screen is blank. Wants one that can be set from the phone.",),
         ("Installed a programmable thermostat, ran a C wire, explained the app.",), 3),
    Work("Water heater, no hot water", "repair", 75, (("Water heaters", 2),), "Water heater", "REP-WHE",
         ("No hot water since last night. Electric, about nine years old.", "Lukewarm only, breaker is fine."),
         ("Lower element was burnt out; replaced both elements and the thermostat.",
          "Reset the high limit, replaced the upper thermostat."), 4),
    Work("Tankless water heater install", "installation", 240, (("Water heaters", 3), ("Gas fitting", 3)), "Water heater",
         "INS-TWH", ("Quote accepted last week. Gas line is in the garage.",),
         ("Removed the 50-gallon tank, installed a condensing tankless, gas pressure 7.0 in. w.c. Permit sticker left.",), 1),
    Work("Leak under the kitchen sink", "repair", 60, (("Plumbing", 2),), "", "DIA-CALL",
         ("Bucket fills in a day.", "Cabinet floor is soft, drips when the dishwasher drains."),
         ("Replaced the trap and both supply stops.", "Disposal flange resealed; no leak after 15 minutes."), 4),
    Work("Main drain backing up", "repair", 90, (("Plumbing", 3),), "", "DIA-CALL",
         ("Both showers back up when the washer drains.",),
         ("Cabled 70 feet, pulled roots. Camera shows an offset at 62 feet; quote to follow.",), 2),
    Work("Backflow preventer test", "inspection", 45, (("Backflow testing", 3),), "Backflow preventer", "DIA-CALL",
         ("Yearly test for the city, tag is due this month.",),
         ("Passed: check 1 held 8.2 psid, relief opened at 3.1. Report filed with the city.",), 2),
    Work("Breaker keeps tripping", "repair", 75, (("Journeyman electrician", 2),), "Panel", "REP-BRK",
         ("Kitchen breaker trips with the microwave.", "AC breaker trips after an hour."),
         ("Replaced a weak 20 A breaker, torqued the bus lugs.",
          "Loose neutral in the panel; corrected and load tested."), 3),
    Work("Panel upgrade 200 A", "installation", 300, (("Journeyman electrician", 4),), "Panel", "INS-PNL",
         ("Adding a car charger; old panel is full.",),
         ("New 200 A panel in, circuits labelled. Inspection booked with the county.",), 1),
    Work("Furnace tune-up", "maintenance", 60, (("Gas fitting", 3),), "Furnace", "MNT-FUR",
         ("Before the first cold nights.", "Smells dusty at the start."),
         ("Burners cleaned, flame sensor polished, CO 4 ppm in the flue. Heat exchanger sound.",), 3),
    Work("Duct cleaning", "maintenance", 180, (("Duct cleaning", 3),), "", "IAQ-DUCT",
         ("Renovation dust everywhere. Eleven supply registers.",),
         ("Cleaned supply and return, sealed two joints with mastic, new MERV 11 filter.",), 2),
    Work("AC system install, 4 ton", "installation", 360, (("EPA 608", 4), ("HVAC diagnostics", 4)), "Air conditioner",
         "INS-AC4", ("Replacing the 2009 system. Two people, lift gate.",),
         ("4-ton 16 SEER2 system in, line set flushed, 410 microns held. Homeowner shown the app.",), 1),
    Work("Whole-home inspection", "inspection", 45, (("HVAC diagnostics", 2),), "", "DIA-CALL",
         ("Buyer’s inspection asks for an opinion on the AC.",),
         ("System is 11 years old and sound; written report sent. Suggested a surge protector.",), 2),
)  # fmt: skip

# kind → share of houses that have one, makes and models, where it stands
Models = tuple[tuple[str, str], ...]
UNITS: dict[str, tuple[float, Models, tuple[str, ...]]] = {
    "Air conditioner": (0.8, (("Carrier", "24ACC636"), ("Trane", "XR14"), ("Goodman", "GSX140361"), ("Lennox", "ML14XC1")),
                        ("East side of the house", "Behind the fence", "Roof")),
    "Air handler": (0.75, (("Carrier", "FB4CNP036"), ("Trane", "TEM4A0B36"), ("Rheem", "RH1T3617")),
                    ("Attic", "Hall closet", "Garage")),
    "Heat pump": (0.3, (("Trane", "XR15"), ("Bryant", "215BNC036"), ("Rheem", "RP1536")), ("West side of the house", "Side yard")),
    "Water heater": (0.8, (("Rheem", "XE50T06ST45U1"), ("A. O. Smith", "ENT-50"), ("Rinnai", "RU199iN")),
                     ("Garage", "Utility closet")),
    "Furnace": (0.3, (("Carrier", "59SC5B"), ("Goodman", "GMVC80")), ("Garage", "Attic")),
    "Panel": (0.7, (("Square D", "HOM2040M100"), ("Eaton", "BR2040B200")), ("Garage", "Outside wall")),
    "Backflow preventer": (0.25, (("Watts", "LF009M3QT"), ("Zurn", "975XL2")), ("Front yard", "Meter box")),
}  # fmt: skip

# checklists that jobs of a type get: name, type, steps with whether each must be done
CHECKLISTS = (
    ("Maintenance visit", "maintenance",
     (("Filter checked or changed", True), ("Coils and drain cleaned", True), ("Readings written down", True),
      ("Customer shown what was found", False))),
    ("Installation", "installation",
     (("Old unit removed and hauled away", True), ("New unit tested under load", True), ("Permit sticker placed", True),
      ("Customer shown how it works", False))),
)  # fmt: skip

HOLDS = (
    "Waiting for the compressor from the supplier",
    "Customer travels until next week",
    "HOA has to approve first",
)
CANCELS = ("Customer fixed it", "Sold the house", "Booked somebody else", "Landlord sends his own people")
ACCESS = (
    "",
    "",
    "",
    "Dog in the yard, call first.",
    "Gate code 4417.",
    "Key under the mat by the garage.",
    "Park on the street.",
)
NOTES = ("Customer works from home, ring the bell.", "Parts are in Van 2.", "Quoted a replacement; will decide next week.",
         "Attic access through the hall closet.", "Second opinion wanted on the duct work.")  # fmt: skip

# where technicians start from: street, latitude, longitude; by position
HOMES = (
    ("3104 W Bay Vista Ave, Tampa, FL 33611", 27.8986, -82.4961), ("1207 S Dale Mabry Hwy, Tampa, FL 33629", 27.9303, -82.5063),
    ("1915 E 7th Ave, Tampa, FL 33605", 27.9601, -82.4371), ("18220 N US Hwy 41, Lutz, FL 33549", 28.1411, -82.4623),
    ("4110 W Azeele St, Tampa, FL 33609", 27.9404, -82.5128), ("2002 N Lois Ave, Tampa, FL 33607", 27.9601, -82.5134),
    ("710 Oakfield Dr, Brandon, FL 33511", 27.9288, -82.2876), ("10420 Big Bend Rd, Riverview, FL 33578", 27.7933, -82.3245),
)  # fmt: skip
