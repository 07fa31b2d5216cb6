"""The order of the gallery: five whole systems, then one capability after the other."""

STORY = [
    "plot_automobile_segments.py",
    "plot_spending_heatmap.py",
    "plot_train_and_deploy.py",
    "plot_mall_autoencoder_kmeans.py",
    "plot_bank_campaign_smote.py",
    "plot_messy_files.py",
    "plot_known_segments.py",
    "plot_compare_models.py",
    "plot_tuning.py",
    "plot_keras_net.py",
    "plot_audit_and_associations.py",
    "plot_campaign.py",
    "plot_segment_profile.py",
    "plot_three_months.py",
    "plot_rules.py",
    "plot_notebook_to_warehouse.py",
    "plot_nonlinear_segments.py",
]


class ByStory:
    """Sort key of sphinx-gallery: a file's place in the story; new ones come last."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, filename):
        place = STORY.index(filename) if filename in STORY else len(STORY)
        return f"{place:02d} {filename}"

    def __repr__(self):  # goes into Sphinx' record of what has changed
        return "ByStory"
