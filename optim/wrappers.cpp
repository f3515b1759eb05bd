// Every wrapper that can be asked for by name: a header and a place in the list each.
#include "optim/wrapper.h"
#include "optim/wrappers/averages.h"
#include "optim/wrappers/cautious.h"
#include "optim/wrappers/clip.h"
#include "optim/wrappers/decoupled_weight_decay.h"
#include "optim/wrappers/gradient_accumulation.h"
#include "optim/wrappers/gradient_noise.h"
#include "optim/wrappers/lookahead.h"
#include "optim/wrappers/parameter_noise.h"
#include "optim/wrappers/penalties.h"
#include "optim/wrappers/proximal_l1.h"
#include "optim/wrappers/sam.h"

namespace gradus::optim {
namespace {

template <class... W>
std::vector<WrapperKind> listed() {
  return {{entry_of<W>(), W::place, [](const NamedValues& values, Inner inner) {
             return wrap(settings::with_values<W>(std::string(about<W>().name), values), std::move(inner));
           }}...};
}

}  // namespace

const settings::Catalogue<WrapperKind>& wrappers() {
  static const settings::Catalogue<WrapperKind> all(
      "wrapper", listed<ClipByNorm, ClipByValue, GradientNoise, L2Penalty, L1Penalty, ProximalL1, DecoupledWeightDecay,
                        Sam, Asam, ParameterNoise, Cautious, Lookahead, Ema, Swa, GradientAccumulation>());
  return all;
}

}  // namespace gradus::optim
