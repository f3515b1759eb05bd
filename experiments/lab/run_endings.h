// Ways in which a run ends that are not errors; thrown by Run, caught by lab::main.
#pragma once

namespace gradus::lab {

struct Finished {};     // --help or the like was answered, or only the options were asked for
struct Interrupted {};  // a signal asked the run to stop

}  // namespace gradus::lab
