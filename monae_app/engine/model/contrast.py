"""Teacher and student: two views of one cell by networks whose structure differs.

The paper calls for an asymmetric pair within each modality. Three kinds are offered: the student reads through extra
dropout (shared weights); teacher and student have a projection head each; the teacher is a slowly following mean of the
student.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from monae_app.engine.model.cell_autoencoder import CellEncoder
    from monae_app.engine.model.step import CellBatch

TeacherKind = Literal["dropout", "heads", "ema"]
STUDENT_DROPOUT = 0.2
HEAD_WIDTH = 64
EMA_DECAY = 0.99


class TeacherAndStudent(nn.Module):
    """Two views of the cells of one modality.

    Parameters
    ----------
    encoder
        The student, whose shared axes are the result.
    kind
        Of the asymmetry.
    """

    def __init__(self, encoder: CellEncoder, kind: TeacherKind) -> None:
        super().__init__()
        self.kind = kind
        if kind == "heads":
            self.heads = nn.ModuleList(nn.Linear(encoder.n_shared, HEAD_WIDTH) for _ in range(2))
        elif kind == "ema":
            self.teacher = copy.deepcopy(encoder).requires_grad_(requires_grad=False)

    def views(self, encoder: CellEncoder, batch: CellBatch, student: Tensor) -> tuple[Tensor, Tensor]:
        """Teacher's and student's view of a batch, (B, D) each.

        Parameters
        ----------
        encoder
            Of the modality.
        batch
            Its cells.
        student
            The shared means that the encoder has just given, (B, D_s); they serve as one of the views.
        """
        n_shared = encoder.n_shared
        if self.kind == "ema":
            self._follow(encoder)
            with torch.no_grad():
                taught = self.teacher(batch.representation, batch.batch).mean[:, :n_shared]
            return taught, student
        hindered = encoder(batch.representation, batch.batch, STUDENT_DROPOUT).mean[:, :n_shared]
        if self.kind == "heads":
            return self.heads[0](student), self.heads[1](hindered)
        return student, hindered

    @torch.no_grad()
    def _follow(self, encoder: CellEncoder) -> None:
        mine: Mapping[str, Tensor] = self.teacher.state_dict()
        for name, value in encoder.state_dict().items():
            if value.is_floating_point():
                mine[name].lerp_(value, 1 - EMA_DECAY)
            else:
                mine[name].copy_(value)
