"""A receipt printer by emupos 0.4.0, an independent simulator, on a free port of this machine.

The first line out tells the port. A line in such as `paper-out on` sets a fault or takes it away, and is answered with an
empty line. When no more lines come in, what came out of the printer is told as JSON; the pictures of the receipts are in the
folder that is the argument.
"""

import asyncio
import json
import pathlib
import sys

from emupos.config import demo_config
from emupos.printer.printer import Printer, PrinterFault

# Numbers of code pages as several makers have them.
PAGES = {7: "PC866", 17: "PC866", 46: "WPC1251", 59: "PC866"}

folder = pathlib.Path(sys.argv[1])
demo = demo_config("linux").printer_profile("front")
profile = demo.model_copy(update={"code_pages": {**demo.code_pages, **PAGES}})
printer = Printer("front", profile, sensor_open_level="high", job_idle_timeout_ms=60_000)
receipts, events = [], []


def take(output, writer):
    for event in output.events:
        events.append([str(event.type), dict(event.data)])
    for receipt in output.receipts:
        picture = folder / f"{len(receipts)}.png"
        picture.write_bytes(receipt.png)
        receipts.append({"lines": receipt.text.splitlines(), "ended": receipt.boundary})
    for write in output.writes:
        writer.write(write.data)


async def serve(reader, writer):
    now = asyncio.get_running_loop().time
    link = str(writer.get_extra_info("peername"))
    take(printer.open_connection(link, now()), writer)
    while data := await reader.read(4096):
        take(printer.receive(link, data, now()), writer)
        await writer.drain()
    take(printer.close_connection(link, now()), writer)
    writer.close()


async def main():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        fault, state = line.split()
        printer.set_fault(PrinterFault(fault), state == "on", loop.time())
        print(flush=True)
    print(json.dumps({"receipts": receipts, "events": events}), flush=True)


asyncio.run(main())
