"""Which licence a file of a Debian package has, and whether weights trained on it may ship without conditions.

Debian's machine-readable copyright files (DEP-5) name files by their place in the *source*; what is installed lies
elsewhere, so a pattern's last parts are compared with a path's last parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from typing import Literal

Terms = Literal["permissive", "copyleft", "refused"]

OWN = "Apache-2.0"
"""What the program itself synthesises."""

_PERMISSIVE = re.compile(
    r"(cc0|public[- ]domain|mit|expat|isc|zlib|wtfpl|bsd[-\w.]*|apache-2\.0|cc-by-\d[\d.]*|cmu)([-+ ]?\d[\d.]*)?", re.I
)
_COPYLEFT = re.compile(r"(l?gpl|gfdl|cc-by-sa|art libre)[-+ \w.]*", re.I)


def terms(licence: str) -> Terms:
    """What a licence asks. Of several with "or", the mildest counts; one that is not known is refused."""
    found: set[Terms] = set()
    for one in re.split(r"\s+or\s+|\s*\|\s*", licence.strip(), flags=re.I):
        if re.search(r"\band\b|\bnc\b|-nc", one, re.I):
            found.add("refused")
        elif re.fullmatch(r".*gpl.* with composition exception", one, re.I):
            # Sound that is made with the samples is expressly free of the GPL.
            found.add("permissive")
        elif _PERMISSIVE.fullmatch(one.strip()):
            found.add("permissive")
        elif _COPYLEFT.fullmatch(one.strip()):
            found.add("copyleft")
        else:
            found.add("refused")
    order: tuple[Terms, ...] = ("permissive", "copyleft", "refused")
    return next(kind for kind in order if kind in found)


@dataclass(frozen=True, slots=True)
class Copyright:
    """Patterns and their licences, in the order of the file: the last that matches a path counts."""

    stanzas: tuple[tuple[tuple[re.Pattern[str], ...], str], ...]

    def licence(self, path: str) -> str:
        """The licence of an installed path, or "" where no pattern matches."""
        found = ""
        for patterns, licence in self.stanzas:
            if any(pattern.match("/" + path) for pattern in patterns):
                found = licence
        return found


def read(text: str, archives: str = "") -> Copyright:
    """A DEP-5 copyright file. archives: the ending of archives in the source that are installed as folders."""
    stanzas = []
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            head = re.match(r"([A-Za-z-]+):(.*)", line)
            if head:
                name = head[1].lower()
                fields[name] = head[2]
            elif name:
                fields[name] += "\n" + line
        if "files" in fields and "license" in fields:
            globs = fields["files"].split()
            if archives:
                globs = [glob.replace(archives, "*/*") for glob in globs]
            licence = (fields["license"].strip().splitlines() or [""])[0].strip()
            stanzas.append((tuple(pattern for glob in globs for pattern in _patterns(glob)), licence))
    return Copyright(tuple(stanzas))


def _patterns(glob: str) -> list[re.Pattern[str]]:
    """The glob and its endings: as few parts as still say where the file is."""
    parts = glob.strip("/").split("/")
    # "sounds/*" out of "doors/sounds/*" would be every folder of that name.
    least = 3 if parts[-1] == "*" else 2
    endings = [parts, *(parts[i:] for i in range(1, len(parts)) if len(parts) - i >= least)]
    return [re.compile(translate("*/" + "/".join(ending))) for ending in endings]
