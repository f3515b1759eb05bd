// A place in the list of methods, made from the method's own description.
#pragma once

#include "optim/elementwise.h"
#include "optim/optimizer.h"
#include "settings/text.h"

namespace gradus::optim {

// M is described by M::describe(), and make(M, stream) makes its optimizer. The list is optim/registry.cpp.
template <class M>
Method method_of(Family family, bool descends = false) {
  const Description& it = about<M>();
  Method method{std::string(it.name),
                std::string(it.source),
                settings::hyperparameters_of(settings::fields_of<M>()),
                nullptr,
                family,
                settings::without_indentation(it.formula),
                settings::one_line(it.differences),
                descends};
  method.make = [](const NamedValues& values, const RandomStream& stream) -> std::unique_ptr<Optimizer> {
    return make(settings::with_values<M>(std::string(about<M>().name), values), stream);
  };
  return method;
}

}  // namespace gradus::optim
