import { confirmBeforeSubmit } from "./confirm.js";
import { focusErrors, followErrorLinks } from "./errors.js";
import { keepTyped } from "./keep.js";
import { submitOnce } from "./once.js";
import { closeToasts } from "./toast.js";

keepTyped();
confirmBeforeSubmit();
submitOnce();
focusErrors();
followErrorLinks();
closeToasts();
