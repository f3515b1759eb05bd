"""Makes a page again and again while a sweep goes on."""
import os
import time

from . import command

SHARE = 0.2  # of the time, at most, that goes into making pages


def watch(make, seconds, say):
    """Calls make(reload) every so many seconds until it says that the sweep is complete, or until Ctrl-C.

    make writes the page that loads itself again after `reload` seconds, never if that is None, and returns (exit code,
    whether there is more to come). The last page loads itself no more. A failure that time may mend is told once.
    """
    told = None
    try:
        while True:
            began = time.monotonic()
            try:
                code, more = make(seconds)
                told = None
            except command.Failure as failure:
                if failure.code != 1:
                    raise
                code, more = 1, True
                if str(failure) != told:
                    told = str(failure)
                    command.warn("report", f"{told}; waiting")
            if not more:
                break
            taken = time.monotonic() - began
            time.sleep(max(seconds, taken * (1 - SHARE) / SHARE))
    except KeyboardInterrupt:
        say("stopped watching")
    return make(None)[0]


def made():
    """When a page is made: now, or when $SOURCE_DATE_EPOCH says, by which equal runs make equal pages."""
    now = os.environ.get("SOURCE_DATE_EPOCH")
    moment = time.gmtime(int(now)) if now else time.localtime()
    return time.strftime("Made %Y-%m-%d %H:%M:%S %Z", moment).strip()


def more_to_come(sweep):
    """Whether runs of a sweep are yet to begin or to end."""
    return any(run.status in ("pending", "unfinished") for run in sweep.runs)
