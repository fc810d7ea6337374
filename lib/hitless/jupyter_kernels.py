"""How JupyterLab starts kernels here: in the checkout, wherever the notebook lies, as a headless run does."""

from __future__ import annotations

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager


class CheckoutKernels(AsyncMappingKernelManager):
    """Kernels whose working folder is the server's root, so that `app` and `terraform/envs/dev` are found."""

    def cwd_for_path(self, kernel_path: str, **kwargs: object) -> str:
        """The root folder, for every path."""
        return self.root_dir
