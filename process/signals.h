// Handlers of signals.
#pragma once

#include <initializer_list>

namespace gradus {

// From now on `handler` is called at each of these signals, on a stack of its own where the calling thread gets them;
// system calls go on. oneDNN's products use the stack pointer for addresses of their own: a handler on the ordinary
// stack would write over whatever lies there, mostly the heap. Throws std::system_error.
void handle_signals(std::initializer_list<int> signals, void (*handler)(int));

}  // namespace gradus
