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
#include "settings/text.h"

namespace gradus::optim {
namespace {

template <class W>
WrapperKind kind_of() {
  const Description& it = about<W>();
  return {std::string(it.name),
          std::string(it.source),
          settings::hyperparameters_of(settings::fields_of<W>()),
          W::place,
          settings::without_indentation(it.formula),
          settings::one_line(it.differences),
          [](const NamedValues& values, Inner inner) {
            return wrap(settings::with_values<W>(std::string(about<W>().name), values), std::move(inner));
          }};
}

}  // namespace

const settings::Catalogue<WrapperKind>& wrappers() {
  static const settings::Catalogue<WrapperKind> all("wrapper", {
                                                                   kind_of<ClipByNorm>(),
                                                                   kind_of<ClipByValue>(),
                                                                   kind_of<GradientNoise>(),
                                                                   kind_of<L2Penalty>(),
                                                                   kind_of<L1Penalty>(),
                                                                   kind_of<ProximalL1>(),
                                                                   kind_of<DecoupledWeightDecay>(),
                                                                   kind_of<Sam>(),
                                                                   kind_of<Asam>(),
                                                                   kind_of<ParameterNoise>(),
                                                                   kind_of<Cautious>(),
                                                                   kind_of<Lookahead>(),
                                                                   kind_of<Ema>(),
                                                                   kind_of<Swa>(),
                                                                   kind_of<GradientAccumulation>(),
                                                               });
  return all;
}

}  // namespace gradus::optim
