// Gradient-check cases of convolution and pooling.
#include "autodiff/operations.h"
#include "tests/autodiff/operation_cases.h"

namespace gradus {
namespace {

// A 3x2 kernel in steps of 2 and 1, with uneven padding.
constexpr Window2d uneven{{3, 2}, {2, 1}, {1, 0}, {1, 1}};
constexpr Window2d halves{{2, 2}, {2, 2}};

const bool added = add_cases({
    {"conv2d", {{2, 5, 4, 3}, {3, 3, 3, 2}}, [](Tape&, const Leaves& x) { return conv2d(x[0], x[1]); }},
    {"conv2d",
     {{2, 5, 4, 3}, {3, 2, 3, 4}},
     [](Tape&, const Leaves& x) {
       return square(apply(ops::Conv2d{uneven, 1}, x[0], x[1]));
     }},
    {"conv2d",
     {{2, 6, 5, 4}, {3, 3, 2, 6}},
     [](Tape&, const Leaves& x) {
       return square(conv2d(x[0], x[1], {{2, 2}, same_padding(), 2}));
     }},
    {"conv2d", {{1, 4, 4, 3}, {1, 1, 3, 5}}, [](Tape&, const Leaves& x) { return tanh(conv2d(x[0], x[1])); }},
    {"conv2d",
     {{2, 7, 6, 16}, {3, 3, 16, 16}},
     [](Tape&, const Leaves& x) {
       return tanh(0.02 * conv2d(x[0], x[1], {{1, 1}, padding(1, 1)}));
     }},
    {"conv2d",
     {{1, 7, 9, 16}, {5, 5, 16, 32}},
     [](Tape&, const Leaves& x) {
       return tanh(0.01 * conv2d(x[0], x[1], {{1, 1}, padding(2, 2)}));
     }},
    {"conv2d_bias",
     {{2, 5, 4, 3}, {3, 3, 3, 2}, {2}},
     [](Tape&, const Leaves& x) {
       return tanh(0.1 * conv2d(x[0], x[1], x[2], {{1, 1}, padding(1, 0)}));
     }},
    {"conv2d_input_derivative",
     {{2, 3, 4, 4}, {3, 2, 3, 4}},
     [](Tape&, const Leaves& x) {
       return square(apply(ops::Conv2dInputDerivative{uneven, 1, {5, 4}}, x[0], x[1]));
     }},
    {"conv2d_input_derivative",
     {{2, 3, 3, 4}, {2, 2, 3, 4}},
     [](Tape&, const Leaves& x) {
       return square(apply(ops::Conv2dInputDerivative{halves, 2, {7, 6}}, x[0], x[1]));
     }},
    {"conv2d_weight_derivative",
     {{2, 5, 4, 3}, {2, 3, 4, 4}},
     [](Tape&, const Leaves& x) {
       return square(apply(ops::Conv2dWeightDerivative{uneven, 1}, x[0], x[1]));
     }},
    {"conv2d_weight_derivative",
     {{2, 7, 6, 6}, {2, 3, 3, 4}},
     [](Tape&, const Leaves& x) {
       return square(apply(ops::Conv2dWeightDerivative{halves, 2}, x[0], x[1]));
     }},
    {"max_pool2d",
     {{2, 4, 6, 3}},
     [](Tape&, const Leaves& x) {
       return square(max_pool2d(x[0], {2, 2}, {2, 2}));
     }},
    {"max_pool2d",
     {{2, 5, 6, 2}},
     [](Tape&, const Leaves& x) {
       return square(max_pool2d(x[0], {3, 2}, {2, 1}, padding(1, 1)));
     }},
    {"max_pool2d",
     {{1, 4, 5, 21}},
     [](Tape&, const Leaves& x) {
       return square(max_pool2d(x[0], {2, 3}, {2, 2}, same_padding()));
     }},
    {"take_at_pool_max",
     {{2, 4, 4, 3}, {2, 4, 4, 3}},
     [](Tape&, const Leaves& x) { return square(apply(ops::TakeAtPoolMax{halves}, x[0], x[1])); }},
    {"take_at_pool_max",
     {{2, 5, 4, 3}, {2, 5, 4, 3}},
     [](Tape&, const Leaves& x) { return square(apply(ops::TakeAtPoolMax{uneven}, x[0], x[1])); }},
    {"put_at_pool_max",
     {{2, 2, 2, 3}, {2, 4, 4, 3}},
     [](Tape&, const Leaves& x) { return square(apply(ops::PutAtPoolMax{halves}, x[0], x[1])); }},
    {"put_at_pool_max",
     {{2, 3, 4, 3}, {2, 5, 4, 3}},
     [](Tape&, const Leaves& x) { return square(apply(ops::PutAtPoolMax{uneven}, x[0], x[1])); }},
    {"avg_pool2d",
     {{2, 4, 6, 3}},
     [](Tape&, const Leaves& x) {
       return square(avg_pool2d(x[0], {2, 2}, {2, 2}));
     }},
    {"avg_pool2d",
     {{2, 5, 6, 18}},
     [](Tape&, const Leaves& x) {
       return square(avg_pool2d(x[0], {3, 3}, {2, 1}, padding(1, 1)));
     }},
    {"spread_pool2d",
     {{2, 2, 3, 3}},
     [](Tape&, const Leaves& x) {
       return square(apply(ops::SpreadPool2d{halves, {4, 6}}, x[0]));
     }},
    {"spread_pool2d",
     {{2, 3, 4, 3}},
     [](Tape&, const Leaves& x) {
       return square(apply(ops::SpreadPool2d{uneven, {5, 4}}, x[0]));
     }},
});

}  // namespace
}  // namespace gradus
