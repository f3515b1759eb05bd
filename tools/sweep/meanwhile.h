// What goes on in a sweep while it waits for another program's answer: its runs are watched, limited, collected and
// begun, and whoever asks it to end is heard.
#pragma once

#include <poll.h>

#include <functional>
#include <span>

namespace gradus::sweep {

// Waits until one of the descriptors is ready, as poll() does, or a while has passed, and does what is due by then.
// Throws records::Interrupted when the sweep is to end.
using Meanwhile = std::function<void(std::span<pollfd>)>;

}  // namespace gradus::sweep
