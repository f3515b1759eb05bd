// The networks that programs offer by name.
#pragma once

#include "experiments/workloads/model.h"
#include "settings/catalogue.h"

namespace gradus::workloads {

// All of them, with their defaults.
const settings::Catalogue<Model>& models();

// Declares --model, and each member of the model that it names as an option. The fallback's values are the defaults of
// its own.
Model choose_model(lab::Run& run, const Model& fallback);

}  // namespace gradus::workloads
