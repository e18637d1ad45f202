"""A linear probe: logistic regression on frozen features."""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from brain_tumor.metrics.leakage import Rows
from brain_tumor.metrics.uncertainty.bootstrap import Labels


def predict_by_regression(
    features: npt.NDArray[np.float32], targets: Labels, train: Rows, test: Rows
) -> Labels:
    """Fit a logistic regression to the training scans and predict the test scans.

    Features are standardised by the mean and spread of the training scans.

    Args:
        features: `(N, D)`, float32, such as MobileNetV2's 1,280 pooled ones.
        targets: Class numbers of all scans, `(N,)`, int64.
        train: Rows of the training scans, of two classes at least.
        test: Rows of the test scans.

    Returns:
        Predicted class numbers of the test scans, in the order of `test`, int64.

    Raises:
        ValueError: The training scans are all of one class.
    """
    # A strong penalty, as there are few more scans than weights; a fixed one, as nothing may be
    # selected on the test part. The fit converges in 70 iterations (2 s for 4,941 x 1,280); a
    # thousand leave room for features that are less well-behaved.
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    # Two threads took ten times as long as one beside another program, and alone gain nothing.
    with threadpool_limits(limits=1, user_api="blas"):
        model.fit(features[train], targets[train])
        return np.asarray(model.predict(features[test]), np.int64)
