"""float64 on one thread, for JAX and PyTorch; to be imported before them. JAX optimises little, as it
spends its time in compiling."""
import os

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = ("--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0 "
                           "--xla_llvm_disable_expensive_passes=true --xla_cpu_parallel_codegen_split_count=1 "
                           "--xla_cpu_multi_thread_eigen=false")

import jax
import torch

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
