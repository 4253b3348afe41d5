"""A DNS server on loopback, with a zone of its own: by UDP as far as an answer fits there, else by TCP."""

import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

LARGEST = 512
"""bytes of an answer by UDP to whoever doesn't say that it takes more"""

Zone = dict[tuple[str, str], list[str]]
"""Records as zone files write them, by name and type; a CNAME stands for all other types."""


@dataclass
class DnsServer:
    """Answers questions about its zone, and keeps them."""

    zone: Zone
    silent: set[str] = field(default_factory=set)
    """names about which it says nothing"""
    broken: set[str] = field(default_factory=set)
    """names about which it fails (SERVFAIL)"""
    takes: float = 0.0
    """seconds that each answer takes it"""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """the way, the name and the type of each question"""
    port: int = 0

    def resolver(self) -> dns.resolver.Resolver:
        """Return a resolver that asks this server only."""
        found = dns.resolver.Resolver(configure=False)
        found.nameservers, found.port = ["127.0.0.1"], self.port
        return found

    def answer(self, wire: bytes, way: str) -> bytes | None:
        """Return what is said to a question; None for nothing."""
        asking = dns.message.from_wire(wire)
        question = asking.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((way, name, kind))
        if name in self.silent:
            return None
        time.sleep(self.takes)
        said = dns.message.make_response(asking)
        said.flags |= dns.flags.RA
        if name in self.broken:
            said.set_rcode(dns.rcode.SERVFAIL)
            return said.to_wire()
        self._fill(said, name, kind)
        whole = said.to_wire()
        if way == "tcp" or len(whole) <= max(asking.payload, LARGEST):
            return whole
        short = dns.message.make_response(asking)
        short.flags |= dns.flags.RA | dns.flags.TC
        return short.to_wire()

    def _fill(self, said: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(8):
            if records := self.zone.get((name, kind)):
                said.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *records))
                return
            if not (alias := self.zone.get((name, "CNAME"))):
                break
            said.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".").lower()
        if not said.answer and not any(known == name for known, _ in self.zone):
            said.set_rcode(dns.rcode.NXDOMAIN)


@contextmanager
def dns_server(zone: Zone, **settings: Any) -> Iterator[DnsServer]:
    """Run one as long as the block lasts, by both ways at one port."""
    found = DnsServer(zone, **settings)

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, socket = self.request
            if (said := found.answer(wire, "udp")) is not None:
                socket.sendto(said, self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            (length,) = struct.unpack("!H", self.rfile.read(2))
            if (said := found.answer(self.rfile.read(length), "tcp")) is not None:
                self.wfile.write(struct.pack("!H", len(said)) + said)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tcp) as tcp:
        tcp.daemon_threads = True
        found.port = tcp.server_address[1]
        with socketserver.ThreadingUDPServer(("127.0.0.1", found.port), Udp) as udp:
            udp.daemon_threads = True
            running = [threading.Thread(target=each.serve_forever, args=(0.05,)) for each in (tcp, udp)]
            for thread in running:
                thread.start()
            try:
                yield found
            finally:
                for each in (tcp, udp):
                    each.shutdown()
                for thread in running:
                    thread.join()
