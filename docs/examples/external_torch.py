"""PyTorch's AdamW for any program of Gradus: --optimizer=external --external-command='python3 external_torch.py'."""
import torch

import gradus.external

gradus.external.torch(lambda parameters: torch.optim.AdamW(parameters, lr=1e-3, weight_decay=1e-2))
