#pragma once

// What a thread is called in `top -H`, in profiles and in the stacks of a debugger.

#include <pthread.h>

namespace c4a {

// Of the calling thread; at most 15 characters.
inline void name_thread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace c4a
