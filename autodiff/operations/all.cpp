// The list of all operations, which the tests go through: none is left unchecked. One that is added has its line here.
#include "autodiff/operations.h"

namespace gradus {
namespace {

template <class... Operations>
std::vector<std::string> titles() {
  return {Operations::title...};
}

}  // namespace

std::vector<std::string> operation_names() {
  using namespace ops;  // NOLINT: they are named one after the other
  return titles<
      Abs, Add, AddScalar, Affine, Attention, AttentionDerivative, AttentionWeights, AttentionWeightsDerivative,
      AvgPool2d, BatchMatMul, BroadcastTo, ChannelAffine, ChannelDot, ChannelMoments, Clamp, ClampGate, Compare,
      Concatenate, Conv2d, Conv2dBias, Conv2dInputDerivative, Conv2dWeightDerivative, CrossEntropyDerivative,
      CrossEntropyEach, CumulativeSum, Div, Dropout, Elu, EluDerivative, Exp, Gather, Gelu, GeluCurvature,
      GeluDerivative, Greater, GruDerivative, GruRecord, GruStates, InverseDeviation, L2Norm, LayerNorm, LeakyGate,
      LeakyRelu, Log, LogSoftmax, LogSoftmaxDerivative, LstmDerivative, LstmRecord, LstmStates, MatMul, Max, MaxPool2d,
      Maximum, MeanTo, Mul, NormalPdf, Pad, Part, Permute, Power, PutAtMax, PutAtPoolMax, PutInRow, PutPart, Ratio,
      Relu, ReluGate, Reshape, Reverse, Rnn, RnnDerivative, Scale, ScatterAdd, Select, Sigmoid, SigmoidDerivative,
      SigmoidSlope, Silu, SiluDerivative, Slice, SoftCrossEntropyEach, Softmax, SoftmaxDerivative, Softplus, Softsign,
      SpreadPool2d, Sqrt, Square, Standardize, StandardizeDerivative, StopGradient, Sub, SumTo, TakeAtMax,
      TakeAtPoolMax, TakeFromRow, Tanh, TanhDerivative, TanhSlope, WeightedBy, Where, WherePositive>();
}

}  // namespace gradus
