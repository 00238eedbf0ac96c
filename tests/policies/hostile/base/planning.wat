  ;; What a policy exports that also plans.
  (type $backing (enum "tmpfs" "volume"))
  (type $layout (record
    (field "workspace" string) (field "backing" $backing) (field "size" (option u64))))
  (type $shadow (record
    (field "path" string) (field "backing" $backing) (field "size" (option u64))))
  (type $mount (variant (case "workspace" string) (case "shadow" $shadow)))
  (type $mount_plan (record (field "mounts" (list $mount)) (field "notes" (list $note))))
  (type $plan_type (func
    (param "findings" $findings) (param "layout" $layout)
    (result (result $mount_plan (error $refusal)))))
  (func $plan (type $plan_type)
    (canon lift (core func $m "plan")
      (memory (core memory $h "memory")) (realloc (core func $h "realloc"))))
  (instance $planning
    (export "finding" (type $finding)) (export "kind" (type $kind)) (export "link" (type $link))
    (export "severity" (type $severity)) (export "note" (type $note))
    (export "findings" (type $findings)) (export "backing" (type $backing))
    (export "layout" (type $layout)) (export "shadow" (type $shadow))
    (export "mount" (type $mount)) (export "mount-plan" (type $mount_plan))
    (export "unreadable" (type $unreadable)) (export "refusal" (type $refusal))
    (export "plan" (func $plan)))
  (export "paude:isolation/planning@0.1.0" (instance $planning))
