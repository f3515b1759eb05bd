// All workloads by name.
#pragma once

#include "experiments/workloads/workload.h"
#include "settings/catalogue.h"

namespace gradus::workloads {

const settings::Catalogue<NamedWorkload>& workloads();
// Declares --workload, and the options of the one that it names. Where that is the fallback, the fallback's values are
// the defaults. --help lists them, --list-workloads says what each is.
lab::Workload choose(lab::Run& run, const NamedWorkload& fallback);

}  // namespace gradus::workloads
