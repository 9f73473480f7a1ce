#include "domain/command.h"

namespace c4a {
namespace {

struct Repeatable {
  bool operator()(const CreateConversation&) const { return true; }  // its id is given
  bool operator()(const SendMessage&) const { return true; }         // so is its id
  bool operator()(const EditMessage&) const { return false; }        // would undo a later edit
  bool operator()(const DeleteMessage&) const { return true; }       // what is deleted stays so
  bool operator()(const ReactToMessage&) const { return false; }     // would undo its opposite
  bool operator()(const Acknowledge&) const { return true; }         // horizons and cursors only grow
  bool operator()(const OpenDevice&) const { return false; }  // would pass over what came since the device was opened
  bool operator()(const AddMember&) const { return false; }   // may have left again
  bool operator()(const UpdateMember&) const { return false; }
  bool operator()(const RemoveMember& remove) const { return remove.user_deleted; }  // others may have come back
  bool operator()(const UpdateConversation&) const { return false; }
  bool operator()(const DeleteConversation&) const { return true; }
  bool operator()(const Typing&) const { return true; }
};

}  // namespace

bool repeatable(const Request& request) { return std::visit(Repeatable{}, request); }

}  // namespace c4a
