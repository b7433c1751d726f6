"""The system calls that a solution does not get, with their numbers; `judge.sandbox.seccomp` makes a filter of them.

Columns: name, number on x86_64, number on aarch64 ("-": does not exist there). From 424 on all machines agree.
"""

from __future__ import annotations

# Refused with EPERM, whatever the arguments.
REFUSED = """
    fork                57    -
    vfork               58    -
    execve              59  221
    execveat           322  281
    setsid             112  157
    setpgid            109  154

    ptrace             101  117
    process_vm_readv   310  270
    process_vm_writev  311  271
    process_madvise    440  440
    process_mrelease   448  448
    kcmp               312  272
    pidfd_send_signal  424  424
    pidfd_open         434  434
    pidfd_getfd        438  438
    setpriority        141  140
    ioprio_set         251   30
    sched_setparam     142  118
    sched_setscheduler 144  119
    sched_setattr      314  274
    migrate_pages      256  238

    socket              41  198
    socketpair          53  199
    connect             42  203
    bind                49  200
    shmget              29  194
    shmat               30  196
    shmctl              31  195
    semget              64  190
    semop               65  193
    semctl              66  191
    semtimedop         220  192
    msgget              68  186
    msgsnd              69  189
    msgrcv              70  188
    msgctl              71  187
    mq_open            240  180
    mq_unlink          241  181
    mq_notify          244  184

    mount              165   40
    umount2            166   39
    pivot_root         155   41
    chroot             161   51
    open_tree          428  428
    move_mount         429  429
    fsopen             430  430
    fsconfig           431  431
    fsmount            432  432
    fspick             433  433
    mount_setattr      442  442
    statmount          457  457
    listmount          458  458
    open_tree_attr     467  467
    setns              308  268
    unshare            272   97

    setuid             105  146
    setgid             106  144
    setreuid           113  145
    setregid           114  143
    setresuid          117  147
    setresgid          119  149
    setgroups          116  159
    setfsuid           122  151
    setfsgid           123  152
    capset             126   91

    name_to_handle_at  303  264
    open_by_handle_at  304  265
    fanotify_init      300  262
    fanotify_mark      301  263
    inotify_init       253    -
    inotify_init1      294   26
    truncate            76   45
    mknod              133    -
    mknodat            259   33
    setxattr           188    5
    lsetxattr          189    6
    fsetxattr          190    7
    removexattr        197   14
    lremovexattr       198   15
    fremovexattr       199   16
    setxattrat         463  463
    removexattrat      466  466
    file_setattr       469  469
    quotactl           179   60
    quotactl_fd        443  443
    swapon             167  224
    swapoff            168  225
    acct               163   89

    memfd_secret       447  447
    io_uring_setup     425  425
    io_uring_enter     426  426
    io_uring_register  427  427
    userfaultfd        323  282
    bpf                321  280
    perf_event_open    298  241
    add_key            248  217
    request_key        249  218
    keyctl             250  219
    lsm_set_self_attr  460  460
    personality        135   92
    lookup_dcookie     212   18
    uselib             134    -
    modify_ldt         154    -
    iopl               172    -
    ioperm             173    -

    reboot             169  142
    kexec_load         246  104
    kexec_file_load    320  294
    init_module        175  105
    finit_module       313  273
    delete_module      176  106
    syslog             103  116
    sethostname        170  161
    setdomainname      171  162
    settimeofday       164  170
    clock_settime      227  112
    clock_adjtime      305  266
    adjtimex           159  171
    vhangup            153   58
"""

# Memory in a file without a name: not seen by the watch of resident memory. CUDA's driver needs it.
REFUSED_WITHOUT_CUDA = """
    memfd_create       319  279
"""

# "No such system call", so that libraries fall back to the older form, whose arguments a filter can see.
UNKNOWN = """
    clone3             435  435
    openat2            437  437
"""

# Landlock does not see changes of modes and owners, and an ordinary user's own files could be locked or opened with
# them. Nothing happens, yet the call says it went well: `shutil.copy` sets the mode of what it has copied.
PRETENDED = """
    chmod               90    -
    fchmod              91   52
    fchmodat           268   53
    fchmodat2          452  452
    chown               92    -
    fchown              93   55
    lchown              94    -
    fchownat           260   54
"""

# Only on itself: the first argument is a process number and must be the caller's own.
ON_ITSELF = """
    kill                62  129
    tkill              200  130
    tgkill             234  131
    rt_sigqueueinfo    129  138
    rt_tgsigqueueinfo  297  240
"""

# The same, 0 meaning the caller.
ON_ITSELF_OR_ZERO = """
    prlimit64          302  261
    sched_setaffinity  203  122
    move_pages         279  239
"""

# Depends on other arguments, see `judge.sandbox.seccomp`.
FILTERED = """
    clone               56  220
    prctl              157  167
    ioctl               16   29
    fcntl               72   25
    open                 2    -
    openat             257   56
"""

# The newest call that this list knows (Linux 6.18); what was invented later does not exist for a solution.
NEWEST = 469


def numbers(table: str, column: int) -> dict[str, int]:
    """The calls of one table on one machine (column 0: x86_64, 1: aarch64)."""
    rows = [line.split() for line in table.splitlines() if line.strip()]
    return {row[0]: int(row[1 + column]) for row in rows if row[1 + column] != "-"}
