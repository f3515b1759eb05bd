// Numbers as texts, by the rule of settings/parse.h.
#pragma once

#include "settings/parse.h"

namespace gradus::records {

using settings::number_in;
using settings::read_number;

}  // namespace gradus::records
