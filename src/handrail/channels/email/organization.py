"""Which domains are of the same organization, as DMARC's relaxed mode has it (RFC 7489), by the public suffix list.

Below a suffix of the list (`com`, `co.uk`), or a top-level domain that it doesn't know, everybody may register a name:
that name is the organization, and the suffix speaks for none of them.
"""

from functools import lru_cache

from authheaders import get_org_domain


def is_aligned(signer: str, domain: str) -> bool:
    """Whether a domain speaks for another: they are the same, or of the same organization.

    >>> is_aligned("example.com", "mail.example.com"), is_aligned("mail.example.com", "example.com")
    (True, True)
    >>> (
    ...     is_aligned("com", "example.com"),
    ...     is_aligned("co.uk", "example.co.uk"),
    ...     is_aligned("a.co.uk", "b.co.uk"),
    ... )
    (False, False, False)
    """
    signer, domain = signer.lower().rstrip("."), domain.lower().rstrip(".")
    if signer == domain:
        return bool(signer)
    found = organization(signer)
    return found is not None and found == organization(domain)


@lru_cache(maxsize=4096)
def organization(domain: str) -> str | None:
    """Return the domain of the organization that a domain belongs to; None for a top-level domain.

    A public suffix belongs to itself, as nothing below it does.

    >>> organization("a.b.example.co.uk"), organization("co.uk"), organization("a.intern")
    ('example.co.uk', 'co.uk', 'a.intern')
    """
    found = str(get_org_domain(domain) or "")
    if "." not in found:  # the list doesn't know it: else all its names would be one organization
        return ".".join(domain.split(".")[-2:]) if "." in domain.strip(".") else None
    return found
