"""What the claims of this study read beside columns."""
import numpy as np

ROUNDING = 1e-10  # of squared cosines


def column(run, table, name):
    return np.asarray(run.tables[table].columns[name], float)


def slope_over_curvature(run):
    """How the step for each unit of the gradient grows with the curvature: the slope of their logarithms, over eigenvectors.

    -1 of Newton's step, 0 of gradient descent's. The mean over the steps; of directions with positive curvature in which step
    and gradient have a share above rounding: at the end of a convergence nothing else is left of them.
    """
    rows = [column(run, "eigendirections", name) for name in ("eigenvalue", "update_share", "gradient_share")]
    slopes = []
    for values, step, gradient in zip(*rows):
        good = (values > 0) & (step > ROUNDING) & (gradient > ROUNDING)
        if good.sum() >= 3:
            slopes.append(np.polyfit(np.log(values[good]), 0.5 * np.log(step[good] / gradient[good]), 1)[0])
    return float(np.mean(slopes)) if slopes else float("nan")


def distance_from_edge(run):
    """|mean of the preconditioned sharpness over the method's threshold - 1|, over the last half of the training."""
    ratio = column(run, "sharpness", "preconditioned_sharpness") / column(run, "sharpness", "threshold")
    late = ratio[len(ratio) // 2:]
    return float(abs(np.mean(late) - 1)) if np.all(np.isfinite(late)) and run.status == "completed" else 1.0


def rises_and_flattens(run):
    """1 where the loss exceeds its start and then ends below it, at a sharpness below both its start and the threshold 2 / rate."""
    loss, sharpness = column(run, "evaluation", "training_loss"), column(run, "sharpness", "sharpness")
    if run.status != "completed":
        return 0.0
    rises, falls = loss.max() > 1.05 * loss[0], loss[-1] < loss[0]
    return float(rises and falls and sharpness[-1] < min(sharpness[0], 2 / run.options["learning_rate"]))


def outliers_beside_classes(run):
    """|number of eigenvalues before the widest gap - 10|: the gap is the largest ratio of neighbours among the first 20."""
    largest = run.tables["spectrum"].columns["largest"][-1]
    positive = np.asarray([value for value in largest if value > 0], float)
    outliers = 1 + int(np.argmax(positive[:-1] / positive[1:]))
    return float(abs(outliers - 10))
