"""Adam of Optax for any program of Gradus: --optimizer=external --external-command='python3 external_optax.py'."""
import optax

import gradus.external

gradus.external.optax(optax.adam(1e-3))
