// Where messages go. Cermet never prints by itself.
#pragma once

#include <functional>
#include <string_view>

namespace cermet {

enum class Severity : int { error = 0, warning = 1, info = 2, verbose = 3 };

// Called from the thread that meets the event; must not throw. An empty logger drops messages.
using Logger = std::function<void(Severity, std::string_view)>;

}  // namespace cermet
