"""What is held to no peer, with the reason. The tables of what is are table_*.py."""
TABLES = ["torch", "optax", "others", "around"]  # table_torch.py and so on

SEARCHES = "its steps end where its own search does; no peer has the same search"
RANDOM = "its random numbers are our own"

# What no row is about.
WITHOUT_PEER = {
    "methods": {
        "newton_cg": SEARCHES + " (tests/optim/scipy_comparison.py compares costs with SciPy's)",
        "nonlinear_cg": SEARCHES,
        "gauss_newton": SEARCHES,
        "levenberg_marquardt": "SciPy's is MINPACK's, which scales its damping and chooses it by a trust region",
        "hessian_free": "in none of these packages",
        "kfac": "in none of these packages",
    },
    "wrappers": {
        "gradient_noise": RANDOM,
        "parameter_noise": RANDOM,
        "l1_penalty": "in none of these packages",
        "proximal_l1": "in none of these packages",
    },
    "schedules": {
        "inverse_sqrt": "in none of these packages",
        "sutskever_momentum": "in none of these packages",
    },
}

# Hyperparameters of the others that no row sets.
ALWAYS_DEFAULT = {
    "lbfgs": {"pairs": "no peer damps", "gradient_tolerance": "stops"},
    "adahessian": {"spatial_averaging": "the peer's is of |D|, for kernels of rank 4"},
    "l2_penalty": {"l2_exclude": "no peer has tags"},
    "decoupled_weight_decay": {"decay_exclude": "no peer has tags"},
    "schedules": {"warmup": "no peer has a cosine", "warmup_steps": "is set with the schedule constant"},
}
