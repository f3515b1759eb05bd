"""Names of panels that are the same whenever a report is made, and fit HTML and files."""
import hashlib
import re


def slug(*parts):
    """Of any texts; those that lose something get a digest, so that different ones stay different."""
    text = "\n".join(parts)
    plain = "-".join(filter(None, (re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") for part in parts)))[:60] or "panel"
    kept = all(re.fullmatch(r"[A-Za-z0-9_]*", part) for part in parts) and len(plain) < 60
    return plain if kept else f"{plain}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
