  ;; What every policy exports: wit/types.wit to the letter. `$m` is the policy's code.
  (type $strings (list string))
  (type $selection (variant (case "auto") (case "off") (case "listed" $strings)))
  (type $query (record
    (field "root" string) (field "selection" $selection) (field "also" $strings)
    (field "except" $strings) (field "depth" (option u32)) (field "skip" $strings)))
  (type $kind (variant
    (case "venv") (case "conda") (case "unmarked") (case "reserved") (case "unseen")
    (case "other" string)))
  (type $link (variant (case "inside" string) (case "outside")))
  (type $finding (record
    (field "path" string) (field "kind" $kind) (field "python" (option string))
    (field "home" (option string)) (field "link" (option $link)) (field "reason" string)))
  (type $severity (enum "info" "warning"))
  (type $note (record
    (field "severity" $severity) (field "path" (option string)) (field "message" string)))
  (type $findings (record
    (field "environments" (list $finding)) (field "primary" (option string))
    (field "notes" (list $note))))
  (type $unreadable (record (field "path" string) (field "message" string)))
  (type $refusal (variant
    (case "invalid" string) (case "unreadable" $unreadable) (case "unsupported" string)))
  (type $detect_type (func (param "query" $query) (result (result $findings (error $refusal)))))
  (func $detect (type $detect_type)
    (canon lift (core func $m "detect") (memory (core memory $h "memory")) (realloc (core func $h "realloc"))
      ;; POST
    ))
  (instance $detection
    (export "selection" (type $selection)) (export "query" (type $query))
    (export "kind" (type $kind)) (export "link" (type $link))
    (export "finding" (type $finding)) (export "severity" (type $severity))
    (export "note" (type $note)) (export "findings" (type $findings))
    (export "unreadable" (type $unreadable)) (export "refusal" (type $refusal))
    (export "detect" (func $detect)))
  (export "paude:isolation/detection@0.1.0" (instance $detection))
