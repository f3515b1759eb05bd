"""Claims put to the test: what a study's claims.toml says, its runs, the verdicts, and the report of all of them.

study.py        what stands in a claims.toml, and in the table of the essay's claims
quantities.py   the number that a claim reads of a run, or of a family of runs
evidence.py     the runs of a study, and what each of its claims compares
judging.py      verdicts over all claims together (the statistics are gradus.inference)
origin.py       digests of what a verdict rests on, and whether its runs have them
running.py      runs the sweeps of the studies: what they will cost, and what they did
clock.py        seconds of a step, timed alone on one core
profiles.py     performance profiles and scores of competitors over workloads
pictures.py     a picture for each claim
findings.py     all of it together
words.py        a verdict in a sentence
page.py, markdown.py    the report
"""
