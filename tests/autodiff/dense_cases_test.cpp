// Gradient-check cases of the operations of fully connected networks.
#include "autodiff/operations.h"
#include "tests/autodiff/operation_cases.h"

namespace gradus {
namespace {

// Lives as long as the program: leaves refer to it.
const Tensor& labels() {
  static const Tensor tensor = Tensor::indices({2, 0, 1, 2});
  return tensor;
}

const bool added = add_cases({
    {"add", {{3, 4}, {3, 4}}, [](Tape&, const Leaves& x) { return x[0] + x[1]; }},
    {"add", {{3, 4}, {4}}, [](Tape&, const Leaves& x) { return add(x[0], x[1]); }},
    {"add", {{3, 1, 2}, {4, 1}}, [](Tape&, const Leaves& x) { return add(x[0], x[1]); }},
    {"sub", {{3, 4}, {3, 1}}, [](Tape&, const Leaves& x) { return x[0] - x[1]; }},
    {"sub", {{}, {2, 3}}, [](Tape&, const Leaves& x) { return x[0] - x[1]; }},
    {"mul", {{3, 4}, {3, 4}}, [](Tape&, const Leaves& x) { return x[0] * x[1]; }},
    {"mul", {{2, 3, 4}, {3, 1}}, [](Tape&, const Leaves& x) { return x[0] * x[1]; }},
    {"mul", {{3}}, [](Tape&, const Leaves& x) { return x[0] * x[0] * x[0]; }},
    {"div", {{3, 4}, {4}}, [](Tape&, const Leaves& x) { return x[0] / (x[1] + 3.0); }},
    {"scale", {{5}}, [](Tape&, const Leaves& x) { return square(-2.5 * x[0]); }},
    {"add_scalar", {{5}}, [](Tape&, const Leaves& x) { return square(1.5 - x[0]); }},
    {"sum_to",
     {{2, 3, 4}},
     [](Tape&, const Leaves& x) {
       return square(sum_to(x[0], {3, 1}));
     }},
    {"sum_to",
     {{2, 3, 4}},
     [](Tape&, const Leaves& x) {
       return square(sum(x[0], {0, 2})) * sum(x[0]);
     }},
    {"sum_to", {{4, 5}}, [](Tape&, const Leaves& x) { return square(mean(x[0], {1}, true)) + mean(x[0]); }},
    {"broadcast_to",
     {{3, 1}},
     [](Tape&, const Leaves& x) {
       return square(broadcast_to(x[0], {2, 3, 4}));
     }},
    {"maximum", {{3, 4}, {4}}, [](Tape&, const Leaves& x) { return square(maximum(x[0], x[1])); }},
    {"where_positive", {{6}, {6}}, [](Tape&, const Leaves& x) { return square(where_positive(x[0], x[1])); }},
    {"exp", {{3, 2}}, [](Tape&, const Leaves& x) { return exp(x[0]); }},
    {"log", {{3, 2}}, [](Tape&, const Leaves& x) { return log(x[0]); }, 0.5, 3},
    {"square", {{3, 2}}, [](Tape&, const Leaves& x) { return square(x[0]) * x[0]; }},
    {"sqrt", {{3, 2}}, [](Tape&, const Leaves& x) { return sqrt(x[0]); }, 0.5, 3},
    {"abs", {{7}}, [](Tape&, const Leaves& x) { return abs(x[0]) * x[0]; }},
    {"relu", {{3, 4}}, [](Tape&, const Leaves& x) { return square(relu(x[0])); }},
    {"relu_gate", {{6}, {6}}, [](Tape&, const Leaves& x) { return square(apply(ops::ReluGate{}, x[0], x[1])); }},
    {"clamp", {{9}}, [](Tape&, const Leaves& x) { return square(clamp(x[0], -1, 0.5)); }},
    {"tanh", {{3, 4}}, [](Tape&, const Leaves& x) { return tanh(x[0]); }},
    {"tanh_derivative", {{5}, {5}}, [](Tape&, const Leaves& x) { return apply(ops::TanhDerivative{}, x[0], x[1]); }},
    {"sigmoid", {{3, 4}}, [](Tape&, const Leaves& x) { return sigmoid(x[0]); }},
    {"tanh_slope", {{5}, {5}}, [](Tape&, const Leaves& x) { return apply(ops::TanhSlope{}, x[0], x[1]); }},
    {"sigmoid_slope", {{5}, {5}}, [](Tape&, const Leaves& x) { return apply(ops::SigmoidSlope{}, x[0], x[1]); }},
    {"clamp_gate",
     {{9}, {9}},
     [](Tape&, const Leaves& x) {
       return square(apply(ops::ClampGate{-1, 0.5}, x[0], x[1]));
     }},
    {"ratio", {{3, 4}, {3, 1}}, [](Tape&, const Leaves& x) { return ratio(x[0], x[1]); }, 0.5, 3},
    {"weighted_by", {{3, 4}, {4}}, [](Tape&, const Leaves& x) { return weighted_by(x[0], x[1]); }},
    {"compare", {{3, 4}, {4}}, [](Tape&, const Leaves& x) { return square(x[0]) * compare(x[0], x[1]); }},
    {"power", {{3, 4}, {4}}, [](Tape&, const Leaves& x) { return power(x[0], x[1]); }, 0.5, 3},
    {"power",
     {{4}, {}},
     [](Tape&, const Leaves& x) {
       return apply(ops::Power{1, 2}, x[0], x[1]);
     },
     0.5,
     3},
    {"l2_norm", {{3, 4}}, [](Tape&, const Leaves& x) { return square(l2_norm(x[0])) * l2_norm(x[0]); }},
    {"mean_to", {{3, 4}}, [](Tape&, const Leaves& x) { return square(mean(x[0], {1})) * mean(x[0]); }},
    {"softsign", {{3, 4}}, [](Tape&, const Leaves& x) { return softsign(x[0]); }},
    {"log_softmax_derivative",
     {{3, 4}, {3, 4}},
     [](Tape&, const Leaves& x) { return apply(ops::LogSoftmaxDerivative{}, x[0], log_softmax(x[1])); }},
    {"sigmoid_derivative",
     {{5}, {5}},
     [](Tape&, const Leaves& x) { return apply(ops::SigmoidDerivative{}, x[0], x[1]); }},
    {"softplus", {{3, 4}}, [](Tape&, const Leaves& x) { return softplus(3.0 * x[0]); }},
    {"normal_pdf", {{5}}, [](Tape&, const Leaves& x) { return apply(ops::NormalPdf{}, x[0]); }},
    {"gelu", {{3, 4}}, [](Tape&, const Leaves& x) { return gelu(x[0]); }},
    {"gelu_derivative", {{5}, {5}}, [](Tape&, const Leaves& x) { return apply(ops::GeluDerivative{}, x[0], x[1]); }},
    {"gelu_curvature", {{5}, {5}}, [](Tape&, const Leaves& x) { return apply(ops::GeluCurvature{}, x[0], x[1]); }},
    {"matmul", {{3, 4}, {4, 2}}, [](Tape&, const Leaves& x) { return matmul(x[0], x[1]); }},
    {"matmul", {{4, 3}, {4, 2}}, [](Tape&, const Leaves& x) { return matmul(x[0], x[1], true); }},
    {"matmul", {{3, 4}, {2, 4}}, [](Tape&, const Leaves& x) { return matmul(x[0], x[1], false, true); }},
    {"matmul", {{4, 3}, {2, 4}}, [](Tape&, const Leaves& x) { return matmul(x[0], x[1], true, true); }},
    {"matmul", {{20, 30}, {30, 25}}, [](Tape&, const Leaves& x) { return tanh(0.05 * matmul(x[0], x[1])); }},
    {"affine", {{3, 4}, {4, 2}, {2}}, [](Tape&, const Leaves& x) { return tanh(affine(x[0], x[1], x[2])); }},
    {"max", {{3, 4}}, [](Tape&, const Leaves& x) { return square(max(x[0], 1)); }},
    {"max", {{3, 4, 2}}, [](Tape&, const Leaves& x) { return square(max(x[0], -2, true)); }},
    {"take_at_max",
     {{3, 4}, {3, 4}},
     [](Tape&, const Leaves& x) { return square(apply(ops::TakeAtMax{0}, x[0], x[1])); }},
    {"put_at_max",
     {{3, 1}, {3, 4}},
     [](Tape&, const Leaves& x) { return square(apply(ops::PutAtMax{1}, x[0], x[1])); }},
    {"reshape", {{3, 4}}, [](Tape&, const Leaves& x) { return square(reshape(x[0], {2, 6})) + reshape(x[0], {2, 6}); }},
    {"slice", {{3, 5, 2}}, [](Tape&, const Leaves& x) { return square(slice(x[0], 1, 1, 3)); }},
    {"pad", {{3, 2}}, [](Tape&, const Leaves& x) { return square(pad(x[0], -1, 1, 5)); }},
    {"concatenate",
     {{3, 2}, {3, 4}},
     [](Tape&, const Leaves& x) { return square(concatenate({x[0], x[1], x[0]}, 1)); }},
    {"gather", {{3, 2}}, [](Tape& t, const Leaves& x) { return square(gather(x[0], t.leaf(labels()))); }},
    {"scatter_add", {{4, 2}}, [](Tape& t, const Leaves& x) { return square(scatter_add(x[0], t.leaf(labels()), 3)); }},
    {"dropout", {{6, 5}}, [](Tape&, const Leaves& x) { return square(dropout(x[0], 0.4, 7)); }},
    {"softmax", {{3, 4}}, [](Tape&, const Leaves& x) { return softmax(x[0]); }},
    {"softmax", {{2, 3, 20}}, [](Tape&, const Leaves& x) { return softmax(x[0]); }},
    {"softmax_derivative",
     {{3, 4}, {3, 4}},
     [](Tape&, const Leaves& x) { return apply(ops::SoftmaxDerivative{}, x[0], softmax(x[1])); }},
    {"log_softmax", {{3, 4}}, [](Tape&, const Leaves& x) { return log_softmax(x[0]); }},
    {"cross_entropy_each",
     {{4, 3}},
     [](Tape& t, const Leaves& x) { return cross_entropy_each(x[0], t.leaf(labels())); }},
    {"cross_entropy_each",
     {{4, 300}},
     [](Tape& t, const Leaves& x) { return cross_entropy_each(x[0], t.leaf(labels())); }},
    {"cross_entropy_derivative",
     {{4}, {4, 3}},
     [](Tape& t, const Leaves& x) { return apply(ops::CrossEntropyDerivative{}, x[0], x[1], t.leaf(labels())); }},
    {"soft_cross_entropy_each",
     {{4, 3}, {4, 3}},
     [](Tape&, const Leaves& x) { return soft_cross_entropy_each(x[0], x[1]); }},
});

}  // namespace
}  // namespace gradus
