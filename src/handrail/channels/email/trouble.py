"""Why a mail server can't be reached, in words that say what to look at. Its own texts aren't passed on."""

import ssl
from collections.abc import Iterator
from socket import gaierror

from handrail.channels.email.server import Server

CERTIFICATE = "its certificate isn't trusted: is it of that name, is SSL_CERT_FILE right?"


def trouble(server: Server, error: BaseException) -> str:
    """Return what an error says about a server.

    >>> from handrail.channels.email.server import read_server
    >>> trouble(read_server("imaps://a:b@imap.example.com", "imap"), ConnectionRefusedError())
    'nothing listens at port 993'
    """
    for each in _causes(error):
        match each:
            case ssl.SSLCertVerificationError():
                return CERTIFICATE
            case ssl.SSLError() if server.tls:
                later = server.scheme.removesuffix("s")
                return f"no TLS is spoken at port {server.port} from the first byte: try {later}://, for STARTTLS"
            case gaierror():
                return "there is no host of that name"
            case ConnectionRefusedError():
                return f"nothing listens at port {server.port}"
            case TimeoutError():
                return f"no answer at port {server.port}: is it the right one, does a firewall stand between?"
    if server.starttls and "STARTTLS" in str(error).upper():
        return f"it offers no STARTTLS, and nothing is sent without TLS: try {server.scheme}s://"
    if server.user is not None and "AUTH" in str(error).upper():
        return f"it takes no user and password at port {server.port}: is it the right one, does it need any?"
    return type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
