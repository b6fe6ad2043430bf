"""Couriers of another process, at a moment of a simulated clock.

`python -m tests.faults.couriers` imports the application once. For each line on its input (a moment in ISO 8601, an
organization, a receiver's limit in seconds) it forks a courier that delivers everything that is due then. It prints the
process number, and that again behind `over` when the courier came to its end. The tests kill couriers in between.
"""

import os
import sys
import threading
from datetime import datetime
from uuid import UUID

from webapp.integrations import courier
from webapp.integrations.sending import Sender
from webapp.kit import clock, ids
from webapp.kit.db import db


def main() -> None:
    from webapp import create_app

    app = create_app()
    with app.app_context():
        db.engine.dispose()
    print("ready", flush=True)
    for line in sys.stdin:
        moment, tenant, limit = line.split()
        child = os.fork()
        if child == 0:
            ids.seed(None)
            with clock.at(datetime.fromisoformat(moment)):
                courier.work_off(app, UUID(tenant), Sender(app, timeout=float(limit), chance=lambda: 0.5))
            os._exit(0)
        print(child, flush=True)
        threading.Thread(target=wait, args=(child,), daemon=True).start()


def wait(child: int) -> None:
    os.waitpid(child, 0)
    print("over", child, flush=True)


if __name__ == "__main__":
    main()
