// The heap of the process.
#pragma once

namespace gradus {

// From now on memory that is freed stays with the process, for the next request. By default glibc gives large pieces
// back to the system, and each first touch of a page of theirs is then a fault: oneDNN takes and frees the working
// memory of a product in every call, which can double the time of a step. Programs of the lab call it first; a library
// must not decide this for its caller. Does nothing where the C library is another one.
void keep_freed_memory();

}  // namespace gradus
