"""The dialogue engine: an event and a memory go in; a new memory, messages and effects come out.

It stores nothing and sends nothing. Read in this order:

definition  what a flow file may say (pydantic models)
loader      YAML files to checked `Flows`; every mistake is named with file and line
machine     the one flat `transitions.Machine` of all states, built once
memory      what is known of a conversation between two turns
world       what the engine may ask for: the time, the directory, who is on duty, translations
turn        one event to its replies
order       the order in which every state reads what she did
composing   what a state says, closed by its choices
guards      named conditions      actions   named changes      shows  named pieces with facts
values      named words in a text wording   times, hours and distances in a language
intents     free text to meaning  (folding, repair, reading, pieces and the model beside it)
signposts   phrases and titles that lead to a choice    answers  what answers a choice before her
spoken      what her words say outright                 wishes   what she needs, kept and taken up
requests    the second request of a message, kept until she takes it up
proofs      what `kuska check` proves of the machine    proofreading  of the words
facts       of what is claimed      ways  which state carries which way     drawing  the picture
"""
